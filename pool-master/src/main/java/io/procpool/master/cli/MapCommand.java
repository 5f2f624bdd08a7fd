// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.InfrastructureException;
import io.procpool.PoolOptions;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pool-master map}: a static method as a parallel filter over lines. */
@Command(
    name = "map",
    header = "Applies a static method to each line of its input, on a pool of workers.",
    customSynopsis = "pool-master map JOB.jar CLASS::METHOD [--input FILE|-] [options]",
    description = {
      "",
      "Any public static method of one argument will do: of the jar, of what its manifest's Class-Path names, or of the"
          + " JDK. A line is passed as text or converted: to numbers, booleans, enums, Path, URI, and to every type with a"
          + " public constructor for a String or a static valueOf, parse, of or fromString. Overloads are told apart as"
          + " CLASS::METHOD(TYPE).",
      "",
      "Each result is printed as one line, in the order of the input; a line break in it becomes \\n or \\r (--json is"
          + " exact). A null prints null, a void method an empty line. A line that fails prints nothing and is listed on"
          + " standard error; --json prints an object for it, too.",
      "",
      "On a terminal a line for each worker says what it is doing, once the run has taken a second. SIGQUIT (Ctrl-\\) prints the same as text"
          + " to standard error, and then what the threads of the busy workers do, beside the JVM's own thread dump, which goes to standard"
          + " output unless java is given -XX:+DisplayVMOutputToStderr.",
      ""
    },
    sortOptions = false)
final class MapCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "JOB.jar", description = "The jar.")
  Path jar = Path.of("");

  @Parameters(index = "1", paramLabel = "CLASS::METHOD", description = "The method.")
  String target = "";

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "The lines, in UTF-8; - is standard input, the default.")
  String input = "-";

  @Mixin
  PoolFlags poolFlags = new PoolFlags();

  @Option(
      names = "--json",
      description =
          "Print one JSON object a line: index, input, ok, and value or error and message;"
              + " print the figures at the end as one JSON object on standard error.")
  boolean json;

  @Mixin
  ReportFlags reportFlags = new ReportFlags();

  private final Console console;

  MapCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws CommandException {
    PoolOptions options = poolFlags.resolve(jar, console);
    try (JobJar jobJar = JobJar.open(jar)) {
      if (poolFlags.isProcesses()) {
        jobJar.checkForWorkers();
      }
      ClassLoader before = Thread.currentThread().getContextClassLoader();
      Thread.currentThread().setContextClassLoader(jobJar.loader());
      try (Console.Diversion ignored = console.divertSystemOut();
          InputStream lines = openInput()) {
        return run(MethodTarget.find(target, jobJar.loader()), options, lines);
      } catch (IOException e) {
        throw CommandException.failed(
            "--input: " + input + " cannot be closed: " + Texts.failure(e) + "; check the file", e);
      } finally {
        Thread.currentThread().setContextClassLoader(before);
      }
    }
  }

  private int run(Method method, PoolOptions options, InputStream lines) throws CommandException {
    try (JobLogHolder log = JobLogHolder.open(poolFlags, "map " + MethodTarget.describe(method))) {
      Execution.Plan plan = new Execution.Plan(
          method.getName(),
          new MethodFunction(method),
          -1,
          poolFlags.unordered,
          poolFlags.quiet,
          json,
          reportFlags.trace,
          poolFlags.hasOwnJvmFlags(),
          poolFlags.recordings(),
          log.log(),
          poolFlags.resume,
          true);
      boolean isVoid = method.getReturnType() == void.class;
      Execution execution = new Execution(
          console, plan, new LineSink(console.out(), json, isVoid), new LineInput(lines));
      return PoolRun.run(console, execution, options, () -> {});
    }
  }

  private InputStream openInput() throws CommandException {
    if (input.equals("-")) {
      return new FilterInputStream(console.in()) {
        @Override
        public void close() {
          // standard input belongs to the process
        }
      };
    }
    Path file;
    try {
      file = Path.of(input);
    } catch (InvalidPathException e) {
      throw CommandException.usage(
          "--input: " + input + " is no path (" + e.getReason()
              + "); name a file, or - for standard input",
          e);
    }
    if (Files.isDirectory(file)) {
      throw CommandException.usage(
          "--input: " + input + " is a folder; name a file, or - for standard input");
    }
    try {
      return Files.newInputStream(file);
    } catch (IOException e) {
      throw CommandException.usage(
          "--input: " + input + " cannot be read ("
              + (Files.exists(file) ? Texts.failure(e) : "no such file")
              + "); name a file, or - for standard input",
          e);
    }
  }

  /** Prints outcomes as lines. */
  private record LineSink(PrintStream out, boolean json, boolean isVoid) implements Execution.Sink {
    @Override
    public void value(Feed.Entry entry, @Nullable Object value) {
      if (json) {
        Map<String, @Nullable Object> line = start(entry, true);
        line.put("value", value);
        print(Json.line(line));
      } else {
        print(isVoid ? "" : String.valueOf(value).replace("\n", "\\n").replace("\r", "\\r"));
      }
    }

    @Override
    public void error(Feed.Entry entry, Throwable error) {
      if (json) {
        Map<String, @Nullable Object> line = start(entry, false);
        line.put("error", error.getClass().getName());
        line.put("message", error.getMessage());
        if (error instanceof InfrastructureException failure) {
          line.put("certainty", failure.certainty().name());
        }
        print(Json.line(line));
      }
    }

    private static Map<String, @Nullable Object> start(Feed.Entry entry, boolean ok) {
      return Json.object("index", entry.sequence(), "input", text(entry.input()), "ok", ok);
    }

    private void print(String line) {
      out.append(line).append('\n');
    }

    private static String text(Object line) {
      return line instanceof byte[] bytes
          ? new String(bytes, StandardCharsets.UTF_8)
          : (String) line;
    }

    @Override
    public String label(Feed.Entry entry) {
      return "line " + (entry.sequence() + 1) + " (\"" + Texts.brief(text(entry.input())) + "\")";
    }
  }
}
