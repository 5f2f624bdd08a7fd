// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksumTest {
  private static final String EMPTY =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  private static final String ABC =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @TempDir
  Path directory;

  /** Hidden files count, and files are in the byte order of their whole paths: '.' is before '/'. */
  @Test
  void run_directory_printsEveryFileInPathOrder() throws Exception {
    write("a/x", "abc");
    write("a.txt", "");
    write("a0", "");
    write(".hidden/B", "abc");
    write("Z", "abc");

    assertThat(JobRun.of(Checksum::new, directory.toString()).outText())
        .isEqualTo(line(ABC, ".hidden/B")
            + line(ABC, "Z")
            + line(EMPTY, "a.txt")
            + line(ABC, "a/x")
            + line(EMPTY, "a0"));
  }

  /** A link to a directory above would be followed for ever; links are left out. */
  @Test
  void run_symbolicLinks_leftOut() throws Exception {
    write("a", "abc");
    Files.createSymbolicLink(directory.resolve("loop"), directory);
    Files.createSymbolicLink(directory.resolve("link"), directory.resolve("a"));

    assertThat(JobRun.of(Checksum::new, directory.toString()).outText()).isEqualTo(line(ABC, "a"));
  }

  /** Byte for byte what sha256sum prints, names with newlines, backslashes and bytes that are no text included. */
  @Test
  void run_strangeNames_sameAsSha256sum() throws Exception {
    assumeTrue(isInstalled("sha256sum"), "sha256sum is not installed");
    shell(
        "mkdir -p 'with space/d\\e' é 'a-b' a; for f in 'with space/d\\e/x' \"$(printf 'new\\nline')\""
            + " \"$(printf 'latin\\351')\" é/字 a-b/1 a/1 a.1 'percent%41' '-dash' '*star'; do printf abc > \"./$f\"; done");
    byte[] expected =
        shell("find " + directory + " -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum");

    JobRun run = JobRun.of(Checksum::new, directory.toString());

    assertThat(run.inputs()).isEqualTo(10);
    assertThat(run.outBytes())
        .asString(StandardCharsets.ISO_8859_1)
        .isEqualTo(new String(expected, StandardCharsets.ISO_8859_1));
  }

  /** Relative arguments are printed as they were given, with what is below them. */
  @Test
  void run_relativeArgument_keptInNames() throws Exception {
    JobRun run = JobRun.of(Checksum::new, "./src/main/resources/META-INF/", "pom.xml");

    assertThat(run.outText().lines().map(line -> line.substring(66)))
        .containsExactly("./src/main/resources/META-INF/services/io.procpool.job.Job", "pom.xml");
  }

  /** The root is the one directory whose path ends with a separator. */
  @Test
  void run_relativeArgumentInTheRoot_keptInNames() throws Exception {
    write("a/x", "abc");
    String argument = directory.toString().substring(1);

    Process process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            InTheRoot.class.getName(),
            argument)
        .directory(directory.getRoot().toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();

    assertThat(process.getInputStream().readAllBytes())
        .asString()
        .isEqualTo(ABC + "  " + argument + "/a/x\n");
    assertThat(process.waitFor()).isZero();
  }

  /** Runs the job as the program of a process. */
  static final class InTheRoot {
    private InTheRoot() {}

    public static void main(String[] arguments) throws Exception {
      System.out.write(JobRun.of(Checksum::new, arguments).outBytes());
      System.out.flush();
    }
  }

  @Test
  void line_carriageReturn_escaped() {
    assertThat(Checksum.line("00", "a\rb".getBytes(StandardCharsets.UTF_8)))
        .asString()
        .isEqualTo("\\00  a\\rb\n");
  }

  @Test
  void inputs_badArguments_refusedByName() {
    assertThatThrownBy(() -> JobRun.of(Checksum::new))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("0 arguments (usage: checksum DIRECTORY-OR-FILE...)");
    assertThatThrownBy(() -> JobRun.of(Checksum::new, "no\0such"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such file or directory: no\0such; give one that exists");
  }

  private String line(String checksum, String name) {
    return checksum + "  " + directory + "/" + name + "\n";
  }

  private void write(String name, String text) throws Exception {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static boolean isInstalled(String program) {
    for (String path : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(path, program))) {
        return true;
      }
    }
    return false;
  }

  private byte[] shell(String script) throws Exception {
    Process shell = new ProcessBuilder("sh", "-ec", script)
        .directory(directory.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    byte[] output = shell.getInputStream().readAllBytes();
    assertThat(shell.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(shell.exitValue()).isZero();
    return output;
  }
}
