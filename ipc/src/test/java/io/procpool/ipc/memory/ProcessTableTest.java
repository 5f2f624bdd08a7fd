// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Scanner;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Numbers of processes, and whether they live. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ProcessTableTest {
  @TempDir
  Path directory;

  /** A process of the session that says its number and waits. */
  static final class Member {
    private Member() {}

    /** Argument: the session's directory. */
    public static void main(String[] arguments) {
      System.out.println(ProcessTable.join(new File(arguments[0])).ownNumber());
      new Scanner(System.in).hasNextLine();
    }
  }

  private Process start() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-cp",
            System.getProperty("java.class.path"),
            Member.class.getName(),
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** A process lives until it is killed; what had its place before is dead even while another has it. */
  @Test
  void isAlive_killed_isNoMore() throws Exception {
    ProcessTable table = ProcessTable.join(directory.toFile());
    Process member = start();
    try (Scanner lines = new Scanner(member.getInputStream())) {
      int number = lines.nextInt();
      assertThat(number).isNotEqualTo(table.ownNumber());
      assertThat(table.isAlive(number)).isTrue();
      assertThat(table.isAlive(table.ownNumber())).isTrue();
      assertThat(table.pid(number)).hasValue(member.pid());
      int earlier = number - (1 << ProcessTableLayout.SLOT_BITS);
      assertThat(table.isAlive(earlier)).isFalse();
      assertThat(table.pid(earlier)).isEmpty();

      member.destroyForcibly();
      await().until(() -> !table.isAlive(number));
      assertThat(table.pid(number)).hasValue(member.pid());
    } finally {
      member.destroyForcibly().waitFor();
      table.close();
    }
  }

  /** Who only looks at a table is not in it, and does no harm to those who are. */
  @Test
  void lookAt_fromOutside_seesWhoLives() throws Exception {
    Process member = start();
    try (Scanner lines = new Scanner(member.getInputStream())) {
      int number = lines.nextInt();
      ProcessTable outside = ProcessTable.lookAt(directory.toFile());
      assertThat(outside.ownNumber()).isZero();
      assertThat(outside.isAlive(number)).isTrue();
      outside.close();
      ProcessTable again = ProcessTable.lookAt(directory.toFile());
      assertThat(again.isAlive(number)).isTrue();
      member.getOutputStream().close();
      await().until(() -> !again.isAlive(number));
      again.close();
    } finally {
      member.destroyForcibly().waitFor();
    }
  }

  @Test
  void lookAt_noTable_isRefused() {
    assertThatThrownBy(() -> ProcessTable.lookAt(directory.toFile()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there is no file");
  }
}
