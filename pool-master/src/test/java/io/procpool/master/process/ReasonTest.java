// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.MemoryLimitException;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RunnableTask;
import io.procpool.TaskAbortedException;
import io.procpool.TaskOptions;
import io.procpool.TaskStalledException;
import io.procpool.TaskTimeoutException;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerCrashedException.Reason;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever ends a task, its failure says why, where the task was, and what was known of its worker. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ReasonTest {
  private static final long MIB = 1 << 20;

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private Pool open(String name, String... flags) {
    List<String> jvmArgs = new ArrayList<>(List.of(flags));
    jvmArgs.add("-XX:ErrorFile=" + directory.resolve("hs_err_%p.log"));
    jvmArgs.add("-XX:-CreateCoredumpOnCrash");
    PoolOptions.Builder options = Faults.options(name).workers(1).maxHeapBytes(48 * MIB);
    return Pool.open(options.jvmArgs(jvmArgs).build());
  }

  private static void checkPoolWorks(Pool pool, long accepted) throws Exception {
    assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
    Faults.awaitFull(pool);
    Faults.assertBalanced(pool, accepted + 1);
  }

  private static void hang() {
    while (true) {
      Thread.onSpinWait();
    }
  }

  /** Native code goes wrong: what the JVM has written about it is in the failure, with the place in the code. */
  @Test
  void segfault_hasHeadOfCrashReport() throws Exception {
    try (Pool pool = open("segfault")) {
      AsyncResult<?> result = pool.submit(() -> {
        Wild.write();
        return null;
      });
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.reason()).isEqualTo(Reason.JVM_CRASH);
        assertThat(Path.of(crash.report().crashReport())).exists().hasParent(directory);
        assertThat(crash.report().crashReportHead())
            .contains("SIGSEGV (0xb) at pc=")
            .contains("Problematic frame")
            .contains("procpool-task")
            .contains(Wild.class.getName() + ".write")
            .doesNotContain("If you would like");
        assertThat(crash)
            .hasMessageContaining("(the JVM crashed)")
            .hasMessageContaining("\n  SIGSEGV (0xb) at pc=")
            .hasMessageContaining("JVM crash report: " + crash.report().crashReport());
      });
      checkPoolWorks(pool, 1);
    }
  }

  /** Process ids come again: the report of another process, which had the same one, is none of this worker's. */
  @Test
  void crashReport_olderThanTheWorker_isNotTaken() throws Exception {
    try (Pool pool = open("old-report")) {
      long pid = valueOf(pool.submit(Faults::pid));
      Path old = directory.resolve("hs_err_" + pid + ".log");
      Files.writeString(old, "# A fatal error\n#\n#  SIGSEGV (0xb) at pc=0\n");
      Files.setLastModifiedTime(old, FileTime.fromMillis(System.currentTimeMillis() - 3_600_000));
      AsyncResult<?> result = pool.submit(() -> Runtime.getRuntime().halt(9));
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.reason()).isEqualTo(Reason.EXIT);
        assertThat(crash.report().crashReport()).isEmpty();
      });
    }
  }

  /** There is no room for further classes. */
  @Test
  void metaspace_exhausted_isTold() throws Exception {
    try (Pool pool = open("metaspace", "-XX:MaxMetaspaceSize=20m")) {
      AsyncResult<?> result = pool.submit(Classes::defineWithoutEnd);
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.reason()).isEqualTo(Reason.OUT_OF_METASPACE);
        assertThat(crash.reason().isOutOfMemory()).isTrue();
        assertThat(crash).hasMessageContaining("no room for classes");
      });
      checkPoolWorks(pool, 1);
    }
  }

  /** The heap is full: the last that was seen of it, and where, are told. */
  @Test
  void heap_exhausted_hasHeapAndStack() throws Exception {
    try (Pool pool = open("heap")) {
      AsyncResult<?> result = pool.submit(() -> {
        List<byte[]> hoard = new ArrayList<>();
        while (true) {
          hoard.add(new byte[(int) MIB]);
        }
      });
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.reason()).isEqualTo(Reason.OUT_OF_HEAP);
        assertThat(crash.report().exitValue()).isEqualTo(3);
        assertThat(crash.report().heapBytes()).isBetween(MIB, 48 * MIB);
        assertThat(crash.report().stack())
            .contains("ReasonTest.lambda$heap_exhausted")
            .doesNotContain("UnitRunner");
      });
      checkPoolWorks(pool, 1);
    }
  }

  /** System.exit, even with the value of a signal: it was called, and here. */
  @ParameterizedTest
  @CsvSource({"0", "3", "42", "137"})
  void exit_anyValue_isTheTasksOwn(int value) throws Exception {
    try (Pool pool = open("exit")) {
      AsyncResult<?> result = pool.submit(() -> System.exit(value));
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.reason()).isEqualTo(Reason.EXIT);
        assertThat(crash.signal()).isEmpty();
        assertThat(crash.report().exitValue()).isEqualTo(value);
        assertThat(crash).hasMessageContaining("\n  System.exit was called");
        assertThat(crash.report().stack())
            .contains("System.exit")
            .contains("ReasonTest.lambda$exit_anyValue");
      });
      checkPoolWorks(pool, 1);
    }
  }

  /** A signal is named, with what was seen of the worker while its task ran. */
  @ParameterizedTest
  @CsvSource({"KILL", "TERM", "ABRT"})
  void signal_whileTaskRuns_isNamed(String signal) throws Exception {
    Faults.Journal pids = Faults.Journal.in(directory);
    try (Pool pool = open("signal", "-XX:-CreateCoredumpOnCrash")) {
      AsyncResult<?> result = pool.submit(() -> {
        pids.add(Faults.pid());
        hang();
      });
      long pid = pids.awaitPid();
      Thread.sleep(400); // as long as it takes to be looked at
      Faults.signal(signal, pid);
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.signal()).contains("SIG" + signal);
        assertThat(crash.reason()).isIn(Reason.SIGNAL, Reason.JVM_CRASH);
        assertThat(crash.report().rssBytes()).isBetween(10 * MIB, 1000 * MIB);
        assertThat(crash.report().heapBytes()).isBetween(MIB / 2, 48 * MIB);
        assertThat(crash.certainty()).isEqualTo(Certainty.MAY_HAVE_RUN);
        assertThat(crash).hasMessageContaining("memory when last looked at: resident ");
      });
      checkPoolWorks(pool, 1);
    }
  }

  /** Runs a task that does not end until one has been asked in time where it is: a machine that is busy may be too slow. */
  private static Throwable hung(Pool pool, RunnableTask task, String where) throws Exception {
    Throwable failure = failureOf(pool.submit(task));
    for (int i = 0; i < 10 && !isAt(failure, where); i++) {
      failure = failureOf(pool.submit(task));
    }
    return failure;
  }

  private static boolean isAt(Throwable failure, String where) {
    String stack = ((TaskAbortedException) failure).report().stack();
    return !stack.isEmpty() && stack.contains(where);
  }

  private static void checkHung(TaskAbortedException failure) {
    assertThat(failure.report().stack())
        .startsWith(ReasonTest.class.getName() + ".hang(ReasonTest.java:")
        .doesNotContain("UnitRunner");
    assertThat(failure)
        .hasMessageContaining("where the task was:\n    at ")
        .hasMessageContaining("ReasonTest.hang(");
    assertThat(failure.report().rssBytes()).isGreaterThan(10 * MIB);
    assertThat(failure.report().heapBytes()).isPositive();
  }

  /** A task that hangs is found where it hangs. */
  @Test
  void timeout_taskHangs_hasItsStack() throws Exception {
    try (Pool pool = open("hang")) {
      Pool timed = pool.with(TaskOptions.defaults().timeout(SHORT.multipliedBy(2)));
      assertThat(hung(timed, ReasonTest::hang, "ReasonTest.hang"))
          .isInstanceOfSatisfying(TaskTimeoutException.class, ReasonTest::checkHung);
      assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
    }
  }

  /** A stalled one too; and one that was interrupted, where that reached it. */
  @Test
  void stallAndInterrupt_haveStacks() throws Exception {
    try (Pool pool = open("stall")) {
      Pool stalling = pool.with(TaskOptions.defaults().stallTimeout(SHORT.multipliedBy(2)));
      assertThat(hung(stalling, ReasonTest::hang, "ReasonTest.hang"))
          .isInstanceOfSatisfying(TaskStalledException.class, ReasonTest::checkHung);
      Pool soft = pool.with(TaskOptions.defaults().timeout(SHORT).timeoutGrace(LONG));
      RunnableTask sleep = () -> {
        try {
          Thread.sleep(LONG.toMillis() * 10);
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      };
      assertThat(hung(soft, sleep, "Thread.sleep"))
          .isInstanceOfSatisfying(TaskTimeoutException.class, timeout -> {
            assertThat(timeout.report().exitValue()).isEqualTo(-1);
            assertThat(timeout.report().stack()).contains("Thread.sleep");
          });
      assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
    }
  }

  /** What took the memory is told for both kinds of limits. */
  @Test
  void memoryLimits_haveStacks() throws Exception {
    try (Pool pool = open("memory")) {
      Pool heap = pool.with(TaskOptions.defaults().maxHeapBytes(24 * MIB));
      AsyncResult<?> full = heap.submit(() -> {
        List<byte[]> hoard = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
          hoard.add(new byte[(int) MIB]);
        }
        hang();
      });
      assertThat(failureOf(full)).isInstanceOfSatisfying(MemoryLimitException.class, over -> {
        assertThat(over.report().stack()).contains("ReasonTest");
        assertThat(over.report().heapBytes()).isEqualTo(over.seenBytes());
      });
      Pool rss = pool.with(TaskOptions.defaults().maxRssBytes(16 * MIB)); // as any JVM
      assertThat(hung(rss, ReasonTest::hang, ""))
          .isInstanceOfSatisfying(MemoryLimitException.class, over -> {
            assertThat(over.report().stack()).isNotEmpty();
            assertThat(over.report().rssBytes()).isGreaterThan(16 * MIB);
          });
      assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
    }
  }

  /** A worker that somebody has stopped cannot say where its task is, and is killed in time all the same. */
  @Test
  void timeout_workerStopped_isKilledInTimeWithoutStack() throws Exception {
    Faults.Journal pids = Faults.Journal.in(directory);
    Duration limit = SHORT.multipliedBy(8);
    try (Pool pool = open("stopped")) {
      AsyncResult<?> result = pool.with(TaskOptions.defaults().timeout(limit)).submit(() -> {
        pids.add(Faults.pid());
        hang();
      });
      Faults.signal("STOP", pids.awaitPid());
      assertThat(failureOf(result)).isInstanceOfSatisfying(TaskTimeoutException.class, timeout -> {
        assertThat(timeout.report().stack()).isEmpty();
        assertThat(timeout.report().runTime()).isBetween(limit, limit.plus(LONG));
      });
      checkPoolWorks(pool, 1);
    }
  }

  /** Writes where no memory is. */
  static final class Wild {
    private Wild() {}

    static void write() throws Exception {
      Class<?> type = Class.forName("sun.misc.Unsafe");
      Field field = type.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      type.getMethod("putAddress", long.class, long.class).invoke(field.get(null), 0L, 1L);
    }
  }

  /** Defines classes as long as there is room. */
  static final class Classes {
    private Classes() {}

    static int defineWithoutEnd() throws Exception {
      String name = Classes.class.getName();
      byte[] code;
      try (var in = Classes.class.getResourceAsStream("ReasonTest$Classes.class")) {
        code = in.readAllBytes();
      }
      List<Class<?>> hoard = new ArrayList<>();
      while (true) {
        hoard.add(
            new ClassLoader(null) {
              Class<?> define() {
                return defineClass(name, code, 0, code.length);
              }
            }.define());
      }
    }
  }
}
