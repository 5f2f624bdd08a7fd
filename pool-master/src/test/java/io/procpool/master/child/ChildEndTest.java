// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ChildOptions;
import io.procpool.ChildOptions.Stream;
import io.procpool.ChildProcess;
import io.procpool.ChildTask;
import io.procpool.LongForm;
import io.procpool.master.process.Faults;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Children that are interrupted, terminated and killed, at any time. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ChildEndTest {
  private static final Duration GRACE = Faults.SHORT.multipliedBy(2);

  @TempDir
  Path directory;

  private Notes notes;

  @AfterEach
  void nothingLeft() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
    Faults.assertNothingLeft();
  }

  private ChildProcess startNoting(Duration grace, ChildTask task) throws IOException {
    notes = Notes.in(directory);
    Notes own = notes;
    ChildProcess child = ChildProcess.start(options(grace), () -> {
      own.add("began");
      task.run();
    });
    notes.await(1);
    return child;
  }

  private static ChildOptions options(Duration grace) {
    return ChildOptions.builder()
        .gracePeriod(grace)
        .stdout(Stream.CAPTURE)
        .stderr(Stream.CAPTURE)
        .build();
  }

  private static void awaitEnd(ChildProcess child, int exitCode) throws InterruptedException {
    assertThat(child.join(LONG)).as("%s has ended", child).isTrue();
    assertThat(child.exitCode()).as(child.stderr().text()).hasValue(exitCode);
  }

  @Test
  void terminate_taskSleeps_finallyBlocksAndHooksRun() throws Exception {
    ChildProcess child = startNoting(LONG, () -> {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.print("hook")));
      try {
        ChildTasks.sleepForEver();
      } finally {
        System.out.print("finally ");
      }
    });
    child.terminate();
    awaitEnd(child, 143);
    assertThat(child.signal()).hasValue(15);
    assertThat(child.stdout().text()).isEqualTo("finally hook");
    assertThat(child.stderr().text()).as("an interruption is what was wanted").isEmpty();
  }

  @Test
  void terminate_taskThrowsSomethingElse_isPrinted() throws Exception {
    ChildProcess child = startNoting(LONG, () -> {
      try {
        ChildTasks.sleepForEver();
      } finally {
        throwInFinally();
      }
    });
    child.terminate();
    awaitEnd(child, 143);
    assertThat(child.stderr().text()).contains("IllegalStateException: in finally");
  }

  private static void throwInFinally() {
    throw new IllegalStateException("in finally");
  }

  @Test
  void terminate_taskExitsInAnswer_itsCode() throws Exception {
    ChildProcess child = startNoting(LONG, () -> {
      try {
        ChildTasks.sleepForEver();
      } finally {
        System.exit(5);
      }
    });
    child.terminate();
    awaitEnd(child, 5);
  }

  @Test
  void terminate_taskIgnoresInterrupts_exitsAfterGrace() throws Exception {
    ChildProcess child = startNoting(GRACE, () -> {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.print("hook")));
      ChildTasks.ignoreInterrupts();
    });
    child.terminate();
    awaitEnd(child, 143);
    assertThat(child.stdout().text()).isEqualTo("hook");
  }

  @Test
  void terminate_hookNeverEnds_haltsAfterAnotherGrace() throws Exception {
    ChildProcess child = startNoting(
        GRACE,
        () -> Runtime.getRuntime().addShutdownHook(new Thread(ChildTasks::ignoreInterrupts)));
    child.terminate();
    assertThat(child.join(LONG)).isTrue();
    // Halted, or killed if the machine was too slow for that.
    assertThat(child.exitCode().orElseThrow()).isIn(0, 143, 137);
  }

  @Test
  void terminate_onlyAnotherThreadRuns_exits() throws Exception {
    ChildProcess child = startNoting(LONG, () -> new Thread(ChildTasks::ignoreInterrupts).start());
    child.terminate();
    awaitEnd(child, 143);
  }

  @Test
  void terminate_suspended_isKilled() throws Exception {
    ChildProcess child = startNoting(GRACE, ChildTasks::sleepForEver);
    Faults.signal("STOP", child.pid());
    child.terminate();
    awaitEnd(child, 137);
  }

  @Test
  void terminate_noGrace_isKilled() throws Exception {
    ChildProcess child = startNoting(Duration.ZERO, ChildTasks::sleepForEver);
    child.terminate();
    awaitEnd(child, 137);
  }

  @Test
  void interrupt_taskSleeps_goesOn() throws Exception {
    ChildProcess child = startNoting(LONG, () -> {
      try {
        Thread.sleep(Long.MAX_VALUE);
      } catch (InterruptedException e) {
        System.out.print("interrupted, and " + Thread.currentThread().isInterrupted());
      }
    });
    child.interrupt();
    awaitEnd(child, 0);
    assertThat(child.stdout().text()).isEqualTo("interrupted, and false");
  }

  /** One that comes before the task is not lost; the order of interrupts and the start does not matter. */
  @Test
  void interrupt_rightAfterStart_isNotLost() throws Exception {
    for (int i = 0; i < LongForm.choose(10, 4); i++) {
      ChildProcess child = ChildProcess.start(options(LONG), () -> {
        try {
          Thread.sleep(Long.MAX_VALUE);
        } catch (InterruptedException e) {
          System.out.print("interrupted");
        }
      });
      child.interrupt();
      awaitEnd(child, 0);
      assertThat(child.stdout().text()).isEqualTo("interrupted");
    }
  }

  @Test
  void kill_taskHasProcesses_allGo() throws Exception {
    ChildProcess child = startNoting(LONG, () -> {});
    child.join();
    Notes pids = Notes.in(directory);
    child = ChildProcess.start(options(LONG), () -> {
      try {
        pids.add(new ProcessBuilder("sleep", "1000").start().pid());
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
      ChildTasks.sleepForEver();
    });
    long sleep = Long.parseLong(pids.await(1).get(0));
    child.kill();
    awaitEnd(child, 137);
    assertThat(child.signal()).hasValue(9);
    Faults.awaitLong("end of the process of the task").until(() -> !Faults.isAlive(sleep));
  }

  @Test
  void kill_manyAtOnce_eachOnce() throws Exception {
    ChildProcess child = startNoting(LONG, ChildTasks::sleepForEver);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Runnable end = i % 2 == 0 ? child::kill : child::terminate;
      Thread thread = new Thread(end);
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(child.join(LONG)).isTrue();
    assertThat(child.exitCode().orElseThrow()).isIn(137, 143);
  }

  /** Whenever it comes, the child ends, and never by itself. */
  private void terminateSoonAfterStart(int rounds) throws Exception {
    for (int i = 0; i < rounds; i++) {
      ChildProcess child = ChildProcess.start(options(LONG), ChildTasks::sleepForEver);
      TimeUnit.MICROSECONDS.sleep(i * 200_000L / rounds);
      if (i % 3 == 0) {
        child.interrupt();
        child.terminate();
        assertThat(child.join(LONG)).isTrue();
        // An interrupt that comes first, while the task runs, lets it throw.
        assertThat(child.exitCode().orElseThrow()).isIn(143, 1);
      } else {
        child.terminate();
        awaitEnd(child, 143);
      }
    }
  }

  @Test
  void terminate_atAnyTimeAfterStart_ends() throws Exception {
    terminateSoonAfterStart(LongForm.choose(15, 9));
  }

  @Test
  @Tag("stress")
  void terminate_atAnyTimeAfterStartOften_ends() throws Exception {
    terminateSoonAfterStart(400);
  }

  private static void shortChildren(int count, int atOnce) throws Exception {
    for (int done = 0; done < count; done += atOnce) {
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < atOnce; i++) {
        int code = i % 2 * 3;
        children.add(ChildProcess.start(options(LONG), () -> {
          System.out.print("x");
          System.exit(code);
        }));
      }
      assertThat(children.stream().map(ChildProcess::pid).distinct()).hasSize(atOnce);
      for (int i = 0; i < atOnce; i++) {
        awaitEnd(children.get(i), i % 2 * 3);
        assertThat(children.get(i).stdout().text()).isEqualTo("x");
      }
    }
  }

  @Test
  void manyChildren_short_allEndAndSpeak() throws Exception {
    shortChildren(LongForm.choose(60, 18), 6);
  }

  /** A thousand of them, and no descriptor is left. */
  @Test
  @Tag("stress")
  void manyChildren_aThousand_allEndAndSpeak() throws Exception {
    shortChildren(20, 10);
    int before = descriptors();
    shortChildren(1_000, 10);
    Faults.awaitLong("descriptors").until(() -> descriptors() <= before + 5);
  }

  private static int descriptors() {
    return new File("/proc/self/fd").list().length;
  }
}
