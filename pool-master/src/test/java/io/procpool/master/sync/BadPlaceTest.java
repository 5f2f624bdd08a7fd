// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.procpool.master.process.Faults;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Places of shared memory that are none, or have no room: a program says what is wrong and what to do, and what it has goes on. File systems
 * of all kinds are made in a mount namespace of the program's own, of which nothing is left.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(value = OS.LINUX, disabledReason = "/dev/shm")
final class BadPlaceTest {
  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    assertThat(directory.resolve("place"))
        .satisfiesAnyOf(
            place -> assertThat(place).doesNotExist(),
            place -> assertThat(place).isRegularFile(),
            place -> assertThat(place).isEmptyDirectory());
    Faults.assertNothingLeft();
  }

  private static List<String> java(List<String> flags, String what) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
    command.addAll(flags);
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), PlaceProgram.class.getName(), what));
    return command;
  }

  private List<String> run(List<String> command) throws Exception {
    File errors = directory.resolve("errors").toFile();
    Process process = new ProcessBuilder(command).redirectError(errors).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int exit = process.waitFor();
    String text = Files.readString(errors.toPath());
    assertThat(exit).as("exit value after%n%s%n%s", out, text).isZero();
    return out.lines().toList();
  }

  private String runAt(Path place, String what) throws Exception {
    return String.join("\n", run(java(List.of("-Dprocpool.directory=" + place), what)));
  }

  /** Runs a program where a file system in memory is mounted at a place. */
  private List<String> runMounted(String options, String place, List<String> program)
      throws Exception {
    assumeThat(mayMount()).as("may have a mount namespace").isTrue();
    List<String> command = new ArrayList<>(List.of(
        "unshare",
        "-rm",
        "sh",
        "-c",
        "mount -t tmpfs -o " + options + " tmpfs " + place + " && exec \"$@\"",
        "sh"));
    command.addAll(program);
    return run(command);
  }

  private static boolean mayMount() throws Exception {
    try {
      return new ProcessBuilder(
                  "unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /dev/shm")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException noSuchProgram) {
      return false;
    }
  }

  private Path place() throws IOException {
    return Files.createDirectory(directory.resolve("place"));
  }

  private List<String> at(Path place) {
    return List.of("-Dprocpool.directory=" + place);
  }

  @Test
  void missing_isRefused() throws Exception {
    Path place = directory.resolve("place");
    assertThat(runAt(place, "make"))
        .startsWith("UncheckedIOException: ")
        .contains("-Dprocpool.directory=" + place)
        .contains("(expected: a directory that this user may write to)");
  }

  @Test
  void file_isRefused() throws Exception {
    Path place = Files.writeString(directory.resolve("place"), "");
    assertThat(runAt(place, "make"))
        .startsWith("UncheckedIOException: ")
        .contains("-Dprocpool.directory=" + place)
        .contains("(expected: a directory that this user may write to)");
  }

  @Test
  void readOnly_isRefused() throws Exception {
    Path place = place();
    List<String> lines = runMounted("ro", place.toString(), java(at(place), "make"));
    assertThat(lines)
        .singleElement()
        .asString()
        .startsWith("UncheckedIOException: ")
        .contains("-Dprocpool.directory=" + place)
        .contains("(expected: a directory that this user may write to)");
  }

  /** Without {@code /dev/shm} that may be written to the temp directory does. */
  @Test
  void defaultPlaceReadOnly_tempDirectoryIsUsed() throws Exception {
    Path place = place();
    List<String> lines =
        runMounted("ro", "/dev/shm", java(List.of("-Djava.io.tmpdir=" + place), "make"));
    assertThat(lines).containsExactly("made in " + place);
  }

  /** As full as it can be, so that not even a small file has room. */
  @ParameterizedTest
  @ValueSource(strings = {"nr_inodes=1", "size=4k"})
  void noRoomAtAll_isSaid(String options) throws Exception {
    Path place = place();
    List<String> lines = runMounted(options, place.toString(), java(at(place), "make"));
    assertThat(lines)
        .singleElement()
        .asString()
        .satisfiesAnyOf(
            line -> assertThat(line)
                .startsWith("OutOfSharedMemoryException: no room for ")
                .contains("-Dprocpool.directory=PATH"),
            line -> assertThat(line)
                .startsWith("UncheckedIOException: no session can be made for shared memory: ")
                .contains(place.toString()));
  }

  /** Room for a session, and not for an arena. */
  @Test
  void littleRoom_isSaidWithNumbers() throws Exception {
    Path place = place();
    assertThat(runMounted("size=64k", place.toString(), java(at(place), "make")))
        .singleElement()
        .asString()
        .startsWith("OutOfSharedMemoryException: no room for ")
        .contains(place.toString())
        .containsPattern("takes [0-9]+ bytes")
        .containsPattern("[0-9]+ bytes are available there")
        .contains("-Dprocpool.directory=PATH");
  }

  /** As in a container, where {@code /dev/shm} has 64 MiB: when it is full nothing more can be made, and what there is works. */
  @Test
  void containersDefault_whenFull_goesOnWithWhatThereIs() throws Exception {
    List<String> lines = runMounted("size=64m", "/dev/shm", java(List.of(), "fill"));
    assertThat(lines).hasSize(5);
    assertThat(lines.get(0))
        .startsWith("full: no room for ")
        .contains("/dev/shm")
        .contains("close what is no longer needed");
    assertThat(lines.subList(1, 5))
        .containsExactly(
            "asked for more than there was: true",
            "hoarded many: true",
            "counted: 200 100",
            "room again");
  }

  /** Locks go on when their files have gone; new things cannot be made. */
  @Test
  void deletedMeanwhile_locksGoOn() throws Exception {
    Path place = place();
    assertThat(runAt(place, "deleted").lines().toList()).hasSize(2).satisfies(lines -> {
      assertThat(lines.get(0)).isEqualTo("still there: 1");
      assertThat(lines.get(1))
          .startsWith("OutOfSharedMemoryException: ")
          .contains("the directory is gone; has the session's root process ended?");
    });
  }
}
