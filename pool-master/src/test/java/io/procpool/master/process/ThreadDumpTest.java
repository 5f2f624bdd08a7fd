// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.AsyncResult;
import io.procpool.LongForm;
import io.procpool.Pool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What the threads of workers do is told, whatever their tasks do. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class ThreadDumpTest {
  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** An idle worker, one that hangs in Java, and one that spins. */
  @Test
  void threadDumps_anyTask_showWhereItIs() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("dump").workers(3).build())) {
      Faults.awaitFull(pool);
      AsyncResult<?> hangs = pool.submit(gate::pass);
      AsyncResult<?> spins = pool.submit(() -> {
        gate.entered().add("spins");
        while (!gate.isOpen()) {
          Thread.onSpinWait();
        }
      });
      gate.entered().awaitLines(2);
      Map<String, String> dumps = pool.threadDumps(LONG);
      assertThat(dumps).containsOnlyKeys("worker-1", "worker-2", "worker-3");
      assertThat(dumps.values()).allMatch(text -> text.contains("\"procpool-task\" "));
      assertThat(dumps.values())
          .filteredOn(text -> text.contains("Faults$Gate.pass"))
          .hasSize(1);
      assertThat(dumps.values()).filteredOn(text -> text.contains("Inbox.take")).hasSize(1);
      gate.open();
      valueOf(hangs);
      valueOf(spins);
    }
  }

  /** Who holds what is told, and who waits for whom for ever. */
  @Test
  void threadDumps_deadlock_isNamed() throws Exception {
    try (Pool pool = Pool.open(Faults.options("dump").workers(1).build())) {
      valueOf(pool.submit(() -> {
        Object one = new Object();
        Object two = new Object();
        lockBoth("first", one, two);
        lockBoth("second", two, one);
      }));
      Faults.awaitLong("deadlock")
          .untilAsserted(() -> assertThat(pool.threadDumps(LONG).get("worker-1"))
              .contains(
                  "deadlock of 2 threads:",
                  "\"first\" BLOCKED daemon",
                  "held by \"second\"",
                  "- holds java.lang.Object"));
    }
  }

  private static void lockBoth(String name, Object first, Object second) {
    Thread thread = new Thread(
        () -> {
          while (true) {
            synchronized (first) {
              synchronized (second) {
                Thread.yield();
              }
            }
          }
        },
        name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Very many threads, some of them deep, in a small heap: what does not fit is said to be left out, the task's own thread is there, and the worker is none the worse for it. */
  @Test
  void threadDumps_veryManyThreads_areBounded() throws Exception {
    int threads = LongForm.choose(10_000, 2_000);
    int deep = 300;
    int depth = 2_000;
    try (Pool pool =
        Pool.open(Faults.options("dump").workers(1).maxHeapBytes(24L << 20).build())) {
      Faults.Gate gate = Faults.Gate.in(directory);
      AsyncResult<?> crowd = pool.submit(() -> {
        CountDownLatch there = new CountDownLatch(threads);
        for (int i = 0; i < threads; i++) {
          int frames = i < deep ? depth : 0;
          long stackBytes = i < deep ? 512 << 10 : 96 << 10;
          Thread thread = new Thread(null, () -> park(frames, there), "crowd-" + i, stackBytes);
          thread.setDaemon(true);
          thread.start();
        }
        there.await();
        gate.pass();
        return null;
      });
      long pid = gate.entered().awaitPid();
      String text = pool.threadDumps(LONG).get("worker-1");
      assertThat(text.length()).isBetween(64 << 10, 5 << 20);
      assertThat(text).contains("\"procpool-task\" ", "Faults$Gate.pass", "\"crowd-0\" ");
      int shown = text.split("\n\"").length;
      Matcher left = Pattern.compile("\n([0-9]+) further threads, the youngest, are left out")
          .matcher(text);
      assertThat(left.find()).as("mark").isTrue();
      assertThat(shown + Integer.parseInt(left.group(1))).isBetween(threads, threads + 50);
      assertThat(text).contains("holds is left out, because there are ");
      gate.open();
      valueOf(crowd);
      assertThat(valueOf(pool.submit(Faults::pid))).as("the same worker").isEqualTo(pid);
      assertThat(pool.statistics().spawnedWorkers()).isEqualTo(1);
    }
  }

  private static void park(int frames, CountDownLatch there) {
    if (frames > 0) {
      park(frames - 1, there);
      return;
    }
    there.countDown();
    while (true) {
      LockSupport.park();
    }
  }

  /** One that is stopped is said to be, within the time; it answers when it goes on, and the others at once. */
  @Test
  void threadDumps_stoppedWorker_saySo() throws Exception {
    try (Pool pool = Pool.open(Faults.options("dump").workers(1).build())) {
      long pid = valueOf(pool.submit(Faults::pid));
      assertThat(pool.threadDumps(LONG).get("worker-1")).contains("procpool-task");
      Faults.signal("STOP", pid);
      try {
        Faults.awaitLong("stopped").until(() -> Faults.isSuspended(pid));
        for (int i = 0; i < 3; i++) {
          long start = System.nanoTime();
          assertThat(pool.threadDumps(SHORT).get("worker-1"))
              .contains("no answer within", "process " + pid + " is stopped");
          assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(SHORT, LONG);
        }
      } finally {
        Faults.signal("CONT", pid);
      }
      assertThat(pool.threadDumps(LONG).get("worker-1")).contains("procpool-task");
      assertThat(valueOf(pool.submit(Faults::pid))).isEqualTo(pid);
    }
  }

  /** One that dies before it answers is not waited for. */
  @Test
  void threadDumps_workerDies_saySo() throws Exception {
    try (Pool pool = Pool.open(Faults.options("dump").workers(1).build())) {
      long pid = valueOf(pool.submit(Faults::pid));
      Faults.signal("STOP", pid);
      Faults.awaitLong("stopped").until(() -> Faults.isSuspended(pid));
      Thread killer = new Thread(() -> {
        try {
          TimeUnit.NANOSECONDS.sleep(SHORT.toNanos());
          Faults.signal("KILL", pid);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      });
      killer.start();
      assertThat(pool.threadDumps(LONG.multipliedBy(3)).get("worker-1"))
          .isEqualTo("its process has ended");
      killer.join();
    }
  }

  @Test
  void threadDumps_closedPool_areNone() throws Exception {
    Pool pool = Pool.open(Faults.options("dump").workers(1).build());
    pool.close();
    assertThat(pool.threadDumps(LONG)).isEmpty();
    assertThatThrownBy(() -> pool.threadDumps(Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("timeout");
  }

  @Test
  void threadDumps_onThreads_areOfTheWorkers() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    for (String backend : new String[] {"threads", "inline"}) {
      try (Pool pool = Pool.open(io.procpool.PoolOptions.builder()
          .name("fault-dump")
          .backend(backend)
          .workers(1)
          .build())) {
        if (backend.equals("threads")) {
          AsyncResult<?> hangs = pool.submit(gate::pass);
          gate.entered().awaitLines(1);
          assertThat(pool.threadDumps(LONG).get("worker-1")).contains("Faults$Gate.pass");
          gate.open();
          valueOf(hangs);
        } else {
          String own = Thread.currentThread().getName();
          assertThat(valueOf(pool.submit(() -> pool.threadDumps(LONG).get(own))))
              .contains("threadDumps_onThreads");
        }
      }
    }
  }
}
