// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the command for tests: in this JVM, or as a process. */
final class Cli {
  private Cli() {}

  /** How a run ended. */
  record Result(int status, String out, String err) {}

  /** Runs in this JVM, without input. */
  static Result run(Object... args) {
    return runWith("", args);
  }

  /** Runs in this JVM, with the given standard input. */
  static Result runWith(String in, Object... args) {
    return runWith(new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)), args);
  }

  static Result runWith(InputStream in, Object... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    int status = PoolMasterCommand.run(texts(args).toArray(new String[0]), in, out, errors);
    return new Result(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Returns the words that start the command as a process, which reacts to SIGINT whatever started this JVM. */
  static List<String> words(List<String> jvmFlags, Object... args) {
    List<String> words = new ArrayList<>();
    if (Files.isExecutable(Path.of("/usr/bin/env"))) {
      words.add("/usr/bin/env");
      words.add("--default-signal=INT,PIPE");
    }
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    if (Runtime.version().feature() >= 22) {
      words.add("--enable-native-access=ALL-UNNAMED"); // as the manifest of the command's jar says
    }
    words.addAll(jvmFlags);
    words.add("-Xshare:auto");
    words.add("-cp");
    words.add(System.getProperty("java.class.path"));
    words.add(PoolMasterCommand.class.getName());
    words.addAll(texts(args));
    return words;
  }

  private static List<String> texts(Object... args) {
    List<String> texts = new ArrayList<>();
    for (Object arg : args) {
      texts.add(arg.toString());
    }
    return texts;
  }

  /** Reads a file that a process is writing. */
  static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
