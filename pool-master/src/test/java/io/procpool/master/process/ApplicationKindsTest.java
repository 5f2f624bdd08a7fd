// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jdk.jshell.JShell;
import jdk.jshell.SnippetEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs whose classes do not come from a plain class path. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ApplicationKindsTest {
  private static final String MAIN = """
      package app;
      import io.procpool.*;
      import java.io.*;
      import java.util.*;
      public class Main {
        public record Point(int x, List<Integer> rest) implements Serializable {}
        public interface Word { String say(); }
        public static class Yes implements Word { @Override public String say() { return "yes"; } }
        static String words() throws IOException {
          String text = "";
          for (Word word : ServiceLoader.load(Word.class)) {
            text += word.say();
          }
          try (InputStream in = Main.class.getResourceAsStream("/word.txt")) {
            return text + (in == null ? "" : new String(in.readAllBytes()));
          }
        }
        public static void main(String[] arguments) throws Exception {
          try (Pool pool = Pool.open(PoolOptions.builder().workers(2).build())) {
            System.out.println(pool.apply(() -> new Point(1, List.of(2, 3))));
            System.out.println(pool.map(Main::twice, List.of(new Point(2, List.of()), new Point(4, List.of()))));
            System.out.println(pool.apply(Main::words));
          }
        }
        static int twice(Point point) { return 2 * point.x(); }
      }
      """;

  @TempDir
  Path directory;

  private Path classes() throws Exception {
    Path classes = Plugin.compile(directory.resolve("classes"), Map.of("app.Main", MAIN));
    Files.writeString(classes.resolve("word.txt"), " indeed");
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    Files.writeString(services.resolve("app.Main$Word"), "app.Main$Yes\n");
    return classes;
  }

  private List<String> run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(arguments));
    Path out = directory.resolve("out");
    Process process = new ProcessBuilder(command)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectOutput(out.toFile())
        .start();
    try {
      assertThat(process.waitFor(Faults.LONG.multipliedBy(2).toMillis(), TimeUnit.MILLISECONDS))
          .isTrue();
    } finally {
      process.destroyForcibly();
    }
    List<String> lines = Files.readAllLines(out);
    assertThat(process.exitValue()).as("%s", lines).isZero();
    return lines;
  }

  private static void assertRight(List<String> lines) {
    assertThat(lines).containsSubsequence("Point[x=1, rest=[2, 3]]", "[4, 8]", "yes indeed");
  }

  /** As packed by Spring Boot, with its own loader. */
  @Test
  void main_inAJarWithJarsInside_tasksRun() throws Exception {
    Path jar = directory.resolve("program.jar");
    FatJar.write(jar, classes(), "app.Main");
    assertRight(run("-jar", jar.toString()));
  }

  /** As IDEs and build tools start programs: with a class path that is too long for a command line. */
  @Test
  void main_withAClassPathAbove100KB_tasksRun() throws Exception {
    StringBuilder path = new StringBuilder(classes().toString());
    path.append(File.pathSeparator).append(System.getProperty("java.class.path"));
    for (int i = 0; path.length() < 120_000; i++) {
      path.append(File.pathSeparator)
          .append(directory.resolve("library with a long name " + "x".repeat(60) + i + ".jar"));
    }
    Path file = directory.resolve("arguments");
    Files.writeString(file, "-cp \"" + path + "\"\n");
    assertRight(run("@" + file, "app.Main"));
  }

  /** The classes of a program that is given as source are in memory only. */
  @Test
  void main_asSource_tasksRun() throws Exception {
    Path source = directory.resolve("Main.java");
    Files.writeString(source, """
        import io.procpool.*;
        public class Main {
          record Point(int x) implements java.io.Serializable {}
          public static void main(String[] arguments) throws Exception {
            try (Pool pool = Pool.ofWorkers(1)) {
              System.out.println(pool.apply(() -> new Point(5)));
            }
          }
        }
        """);
    assertThat(run("-cp", System.getProperty("java.class.path"), source.toString()))
        .contains("Point[x=5]");
  }

  @Test
  void jshell_classesAndLambdasOfSnippets_runInWorkers() {
    try (JShell shell = JShell.builder().executionEngine("local").build()) {
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
        shell.addToClasspath(entry);
      }
      assertThat(eval(shell, "import io.procpool.*;")).isNull();
      eval(shell, "record Point(int x) implements java.io.Serializable {}");
      eval(shell, "int base = 40;");
      eval(shell, "Point make(int n) { return new Point(n + 2); }");
      eval(shell, "Pool pool = Pool.ofWorkers(1);");
      assertThat(eval(shell, "pool.apply(() -> new Point(3))")).isEqualTo("Point[x=3]");
      assertThat(eval(shell, "pool.map(n -> make(n).x(), java.util.List.of(1, 2))"))
          .isEqualTo("[3, 4]");
      eval(shell, "Point make(int n) { return new Point(-n); }");
      assertThat(eval(shell, "pool.map(n -> make(n).x(), java.util.List.of(1, 2))"))
          .isEqualTo("[-1, -2]");
      eval(shell, "pool.close();");
    }
  }

  private static String eval(JShell shell, String code) {
    String value = null;
    for (SnippetEvent event : shell.eval(code)) {
      assertThat(event.exception()).as(code).isNull();
      assertThat(shell.diagnostics(event.snippet())).as(code).isEmpty();
      value = event.value();
    }
    return value;
  }
}
