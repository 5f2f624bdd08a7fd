// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.master.launch.ClassArchive;
import io.procpool.master.launch.JvmClassPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * A program that stands in for {@code java} and does what the test has told it last: a piece of shell, the real thing, or a
 * {@link FakeWorker}. Counts its starts.
 */
final class FakeJava {
  private static final Path REAL = Path.of(System.getProperty("java.home"), "bin", "java");

  private final Path script;
  private final Path action;
  private final Path starts;

  private FakeJava(Path directory) {
    script = directory.resolve("java");
    action = directory.resolve("action");
    starts = directory.resolve("starts");
  }

  static FakeJava in(Path directory) throws IOException {
    FakeJava java = new FakeJava(Files.createTempDirectory(directory, "java"));
    Files.writeString(
        java.script, "#!/bin/sh\necho start >> '" + java.starts + "'\n. '" + java.action + "'\n");
    Files.setPosixFilePermissions(java.script, PosixFilePermissions.fromString("rwxr-xr-x"));
    java.real();
    return java;
  }

  Path path() {
    return script;
  }

  /** From now on it runs this shell code; {@code $JAVA} is the real program. */
  void shell(String code) throws IOException {
    Path next = action.resolveSibling("action.new");
    Files.writeString(next, "JAVA='" + REAL + "'\n" + code + "\n");
    Files.move(
        next,
        action,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING,
        java.nio.file.StandardCopyOption.ATOMIC_MOVE);
  }

  /** From now on it is the real one, with the archive that its workers would have. */
  void real() throws IOException {
    shell(realOne());
  }

  /** From now on it is a worker that misbehaves. */
  void fake(String manner) throws IOException {
    shell(faking(manner));
  }

  /** If nothing was started so far: the first is a worker that misbehaves, those that follow are real. */
  void fakeFirst(String manner) throws IOException {
    shell("[ $(wc -l < '" + starts + "') -gt 1 ] || " + faking(manner) + "\n" + realOne());
  }

  private static String realOne() throws IOException {
    ClassArchive archive = ClassArchive.of(REAL, JvmClassPath.of(List.of()).procpool());
    archive.prepare();
    archive.close();
    return "exec \"$JAVA\" " + String.join(" ", archive.jvmFlags()) + " \"$@\"";
  }

  private static String faking(String manner) {
    return "exec \"$JAVA\" -Xmx48m -XX:+UseSerialGC -Xshare:auto -XX:TieredStopAtLevel=1 -cp '"
        + System.getProperty("java.class.path") + "' " + FakeWorker.class.getName() + " "
        + manner;
  }

  /** Returns how often it was started. */
  int starts() throws IOException {
    return Files.exists(starts) ? Files.readAllLines(starts).size() : 0;
  }
}
