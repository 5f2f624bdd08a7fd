// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ipc.SessionDirectory;
import io.procpool.shared.SharedMemory;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Memory that unrelated programs open by its name. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class NamedMemoryTest {
  private final String name = "test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
  private final List<Program> programs = new ArrayList<>();

  /** A JVM that this test has started. */
  private final class Program {
    private final Process process;
    private final Writer in;
    private final BufferedReader out;

    Program() throws IOException {
      process = new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "-cp",
              System.getProperty("java.class.path"),
              OtherProgram.class.getName(),
              name)
          .redirectError(ProcessBuilder.Redirect.INHERIT)
          .start();
      in = process.outputWriter();
      out = process.inputReader();
      programs.add(this);
    }

    String ask(String line) throws IOException {
      in.write(line + "\n");
      in.flush();
      return out.readLine();
    }

    void kill() throws InterruptedException {
      process.destroyForcibly().waitFor();
    }
  }

  @AfterEach
  void nothingLeft() throws Exception {
    for (Program program : programs) {
      program.kill();
    }
    assertThat(file()).doesNotExist();
    String[] others = file().getParentFile().list();
    assertThat(others == null || others.length > 0)
        .as("an empty directory is left")
        .isTrue();
  }

  private File file() throws IOException {
    String user = System.getProperty("user.name").replaceAll("\\W", "_");
    return SessionDirectory.place()
        .resolve("procpool-named-" + user)
        .resolve(name)
        .toFile();
  }

  @Test
  void open_inAnotherProgram_isTheSameMemory() throws Exception {
    Program program = new Program();
    assertThat(program.ask("open")).startsWith("there is no shared memory named \"" + name + "\"");
    try (SharedMemory memory = SharedMemory.create(name, 1000)) {
      memory.setLong(8, 41);
      assertThat(program.ask("create"))
          .startsWith("a shared memory named \"" + name + "\" is in use");
      assertThat(program.ask("open")).isEqualTo("done");
      assertThat(program.ask("add")).isEqualTo("done");
      assertThat(memory.getLongVolatile(8)).isEqualTo(42);
      try (SharedMemory again = SharedMemory.open(name)) {
        assertThat(again).isEqualTo(memory);
        assertThat(again.getLong(8)).isEqualTo(42);
      }
    }
    // The maker has gone; who has it open goes on.
    assertThat(program.ask("add")).isEqualTo("done");
    try (SharedMemory memory = SharedMemory.open(name)) {
      assertThat(memory.getLong(8)).isEqualTo(43);
    }
    assertThat(file()).exists();
    assertThat(program.ask("close")).isEqualTo("done");
    assertThat(file()).doesNotExist();
    assertThatThrownBy(() -> SharedMemory.open(name)).isInstanceOf(IllegalStateException.class);
  }

  /** A program that is killed takes nothing from others, and what it leaves goes with the next that is made. */
  @Test
  void kill_makerWhoWasLast_isSwept() throws Exception {
    Program maker = new Program();
    assertThat(maker.ask("create")).isEqualTo("done");
    SharedMemory memory = SharedMemory.open(name);
    maker.kill();
    memory.setInt(996, 7);
    Program other = new Program();
    assertThat(other.ask("open")).isEqualTo("done");
    memory.close();
    assertThat(file()).exists();
    other.kill();
    assertThat(file()).exists();
    SharedMemory.create(name + "-next", 8).close();
    assertThat(file()).doesNotExist();
    try (SharedMemory next = SharedMemory.create(name, 8)) {
      assertThat(next.getLong(0)).isZero();
    }
  }

  /** The end of a program that closes nothing removes what it alone had. */
  @Test
  void exit_withoutClosing_removesIt() throws Exception {
    Program program = new Program();
    assertThat(program.ask("create")).isEqualTo("done");
    assertThat(file()).exists();
    program.in.close();
    assertThat(program.process.waitFor()).isZero();
    assertThat(file()).doesNotExist();
  }

  @Test
  void badNamesAndPlaces_areRefused() throws Exception {
    for (String bad : new String[] {"", ".", "..", ".new-1", "a/b", "ä", "x".repeat(101)}) {
      assertThatThrownBy(() -> SharedMemory.create(bad, 8))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("name: \"" + bad + "\" (expected: 1 to 100 letters");
      assertThatThrownBy(() -> SharedMemory.open(bad)).isInstanceOf(IllegalArgumentException.class);
    }
    try (SharedMemory memory = SharedMemory.create(name, 10)) {
      assertThat(memory.bytes()).isEqualTo(12);
      for (long at : new long[] {-1, 12, 9, Long.MAX_VALUE}) {
        assertThatThrownBy(() -> memory.getInt(at)).isInstanceOf(IndexOutOfBoundsException.class);
      }
      assertThatThrownBy(() -> memory.setInt(2, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at: 2 (expected: a multiple of 4)");
      memory.copyFrom(1, new byte[] {1, 2, 3, 4}, 1, 3);
      byte[] copy = new byte[5];
      memory.copyTo(0, copy, 0, 5);
      assertThat(copy).isEqualTo(new byte[] {0, 2, 3, 4, 0});
      assertThat(memory.asByteBuffer(2, 2).get(1)).isEqualTo((byte) 4);
      assertThat(memory.compareAndSetInt(4, 0, 9)).isTrue();
      assertThat(memory.getByte(4) + memory.getByte(7)).isEqualTo(9);
    }
  }
}
