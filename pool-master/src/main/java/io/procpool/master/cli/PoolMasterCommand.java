// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The command {@code pool-master}. Results go to standard output, all else to standard error; what goes wrong is one line
 * {@code pool-master: thing: what; remedy}.
 */
@Command(
    name = "pool-master",
    header = "Runs jobs on worker JVMs: a crash costs one input, not the rest.",
    customSynopsis = "pool-master COMMAND [options]",
    description = {
      "",
      "A job jar is any jar with a class that implements io.procpool.job.Job; map takes any jar.",
      ""
    },
    versionProvider = PoolMasterCommand.Version.class,
    commandListHeading = "Commands:%n",
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all done",
      "1:some inputs failed, they are listed on standard error; or what is there cannot be written",
      "2:the command line is wrong",
      "3:the jar or the job cannot be loaded",
      "130:ended by Ctrl-C (143: by SIGTERM); running tasks are ended, the job log is whole",
      "141:the reader of standard output has gone, as after | head"
    },
    sortOptions = false)
public final class PoolMasterCommand implements Callable<Integer> {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help and exit.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show the version and exit.")
  boolean version;

  @Spec
  @SuppressWarnings("NullAway.Init")
  CommandSpec spec;

  private PoolMasterCommand() {}

  /** Runs the command and ends the JVM with its exit status. */
  public static void main(String[] args) {
    configureLogging();
    int status;
    try (Console console = Console.ofProcess()) {
      status = run(args, console);
    }
    System.exit(status);
  }

  /** Names the command's own configuration of Logback; what the user has named is left. */
  static void configureLogging() {
    if (System.getProperty("logback.configurationFile") == null) {
      System.setProperty("logback.configurationFile", "io/procpool/master/cli/logback.xml");
    }
  }

  /**
   * Runs the command inside another program: reacts to no signal, and returns the exit status. While it runs,
   * {@link System#out} of the whole JVM goes to {@code err}.
   */
  public static int run(String[] args, InputStream in, OutputStream out, PrintStream err) {
    try (Console console = Console.of(in, out, err)) {
      return run(args, console);
    }
  }

  private static int run(String[] args, Console console) {
    int end = Arrays.asList(args).indexOf("--");
    List<String> jobArguments = end < 0 ? List.of() : List.of(args).subList(end + 1, args.length);
    String[] own = end < 0 ? args : Arrays.copyOf(args, end);
    CommandLine line = new CommandLine(new PoolMasterCommand());
    line.addSubcommand(new RunCommand(console, jobArguments));
    line.addSubcommand(new MapCommand(console));
    line.addSubcommand(new CompareCommand(console, jobArguments, args));
    line.addSubcommand(new JobsCommand(console));
    line.addSubcommand(new ManagerCommand(console));
    line.addSubcommand(new DoctorCommand(console));
    line.setOut(new PrintWriter(console.out(), true));
    line.setErr(new PrintWriter(console.err(), true));
    line.setUsageHelpWidth(100);
    line.setUsageHelpAutoWidth(false);
    line.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
    line.setExpandAtFiles(false);
    line.setParameterExceptionHandler(
        (failure, given) -> wrongUsage(console, failure, encodingHint(args)));
    line.setExecutionExceptionHandler((failure, command, result) ->
        failed(console, failure, List.of(own).contains("--trace"), encodingHint(args)));
    if (end >= 0 && !takesJobArguments(own)) {
      console.remark("--: only run and compare take job arguments; leave them out");
      return ExitStatus.USAGE;
    }
    int status;
    try {
      status = line.execute(own);
    } catch (OutOfMemoryError e) {
      status = failed(console, outOfMemory(e), List.of(own).contains("--trace"));
    }
    console.flushResults();
    Optional<IOException> unwritable = console.outFailure();
    if (unwritable.isPresent()) {
      CommandException failure = CommandException.failed(
          "cannot write to standard output: "
              + Texts.brief(String.valueOf(unwritable.get().getMessage()))
              + "; make room, or send it to another place, and run again",
          unwritable.get());
      int unwritten = failed(console, failure, List.of(own).contains("--trace"));
      return status == ExitStatus.DONE || status == ExitStatus.PIPE_CLOSED ? unwritten : status;
    }
    return status == ExitStatus.DONE && console.outIsClosed() ? ExitStatus.PIPE_CLOSED : status;
  }

  private static CommandException outOfMemory(OutOfMemoryError e) {
    return CommandException.failed(
        "out of memory: the command's own JVM (not a worker) used up its "
            + Texts.bytes(Runtime.getRuntime().maxMemory())
            + "; start it with more, as java -Xmx4g -jar ...",
        e);
  }

  private static boolean takesJobArguments(String[] args) {
    return args.length > 0 && (args[0].equals("run") || args[0].equals("compare"));
  }

  /** Returns what to do if an argument holds what the JVM puts in the place of bytes that it cannot decode. */
  private static String encodingHint(String[] args) {
    return String.join("", args).indexOf('\ufffd') < 0
        ? ""
        : "; an argument is not in the locale's encoding, " + System.getProperty("sun.jnu.encoding")
            + ": try LC_ALL=C.UTF-8";
  }

  private static int wrongUsage(Console console, ParameterException failure, String hint) {
    CommandLine command = failure.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    List<String> unmatched = new ArrayList<>();
    if (failure instanceof CommandLine.UnmatchedArgumentException exception) {
      unmatched.addAll(exception.getUnmatched());
    }
    String what = Texts.oneLine(String.valueOf(failure.getMessage()));
    if (!unmatched.isEmpty()) {
      String first = unmatched.get(0);
      boolean hasArguments = name.endsWith(" run") || name.endsWith(" compare");
      what = first
          + (first.startsWith("-")
              ? ": no such option" + (name.endsWith(" compare") ? ofRun(command, first) : "")
              : hasArguments
                  ? ": is one argument too many, job arguments go behind --"
                  : command.getParent() == null
                      ? ": no such command"
                      : ": is one argument too many");
    }
    console.remark(what + "; see " + name + " --help" + hint);
    return ExitStatus.USAGE;
  }

  /** An option that {@code compare} does not have although {@code run} does is not forgotten. */
  private static String ofRun(CommandLine compare, String option) {
    CommandLine run = compare.getParent().getSubcommands().get("run");
    return run == null || run.getCommandSpec().findOption(option.split("=", 2)[0]) == null
        ? ""
        : " of compare, which times the job as it is; run has it";
  }

  private static int failed(Console console, Exception failure, boolean trace) {
    return failed(console, failure, trace, "");
  }

  private static int failed(Console console, Exception failure, boolean trace, String hint) {
    int status;
    if (failure instanceof CommandException exception) {
      status = exception.status();
      console.remark(exception.getMessage() + (status == ExitStatus.SOME_FAILED ? "" : hint));
    } else if (Interruption.isShuttingDown()) {
      status = ExitStatus.SOME_FAILED; // of no interest after Ctrl-C, which has been answered
    } else {
      console.remark("unexpected: " + Texts.failure(failure)
          + "; run again with --trace, and report what it prints");
      status = ExitStatus.SOME_FAILED;
    }
    if (trace) {
      failure.printStackTrace(console.err());
    }
    return status;
  }

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "no command given (run, map, compare, jobs, manager, doctor)");
  }

  /** Tells the version of the command and of the JVM. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = PoolMasterCommand.class.getPackage().getImplementationVersion();
      return new String[] {
        "pool-master " + (version == null ? "(development)" : version),
        "JVM " + Runtime.version() + ", " + System.getProperty("java.vm.name") + ", "
            + System.getProperty("os.name") + " " + System.getProperty("os.arch")
      };
    }
  }
}
