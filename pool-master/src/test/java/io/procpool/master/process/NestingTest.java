// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.NestingLimitException;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.channel.ProcessQueue;
import io.procpool.ipc.ThisProcess;
import io.procpool.manager.Manager;
import io.procpool.master.process.NestedMaster.Occupation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Processes that start processes: how deep, with how much memory, and how all of them end. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class NestingTest {
  // How fast it is stands in the row `orphans`; this is for machines that have much else to do.
  private static final Duration BOUND = Faults.SHORT.multipliedBy(25);

  @TempDir
  Path directory;

  /** Workers that open pools load much, but not for long. */
  private static List<String> flags(String... further) {
    List<String> flags = new ArrayList<>(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    flags.addAll(List.of(further));
    return flags;
  }

  private static PoolOptions options(String... jvmArgs) {
    return Faults.options("nested").workers(1).jvmArgs(flags(jvmArgs)).build();
  }

  // The limit.

  /** What a process says of the one it cannot start, or of those it has started. */
  private static String open(List<String> flags, int remaining) throws InterruptedException {
    PoolOptions options = Faults.options("bomb").workers(1).jvmArgs(flags).build();
    try (Pool pool = Pool.open(options)) {
      return remaining == 0 ? "never stopped" : pool.apply(NestingTest::open, flags, remaining - 1);
    } catch (NestingLimitException e) {
      return e.depth() + " of " + e.limit() + ": " + e.getMessage();
    }
  }

  @Test
  void open_taskThatOpensPoolsForItself_isStoppedAtTheLimit() throws Exception {
    int limit = LongForm.choose(5, 3); // 5 is the default
    List<String> flags = limit == 5 ? flags() : flags("-Dprocpool.maxDepth=" + limit);
    assertThat(open(flags, limit + 2))
        .startsWith(limit + " of " + limit + ": pool \"fault-bomb\" cannot be started")
        .contains(
            "lies " + limit + " processes below the root", "-Dprocpool.maxDepth=" + (limit + 1));
  }

  private static String startAll() throws Exception {
    List<String> refused = new ArrayList<>();
    try {
      Pool.open(options()).close();
    } catch (NestingLimitException e) {
      refused.add("pool");
    }
    try {
      ChildProcess.start(() -> {}).join();
    } catch (NestingLimitException e) {
      refused.add("child");
    }
    try (Manager manager = Manager.start()) {
      manager.map();
    } catch (NestingLimitException e) {
      refused.add("manager");
    }
    return ThisProcess.current().depth() + " " + refused;
  }

  /** Children count as workers do, and the limit is handed down. */
  @Test
  void start_atTheLimit_refusesPoolsAndChildrenAndManagers() throws Exception {
    try (Pool pool = Pool.open(options("-Dprocpool.maxDepth=2"));
        ProcessQueue<String> said = ProcessQueue.ofCapacity(1)) {
      assertThat(pool.apply(() -> {
            ChildProcess child = ChildProcess.start(() -> said.put(startAll()));
            child.join();
            return said.take();
          }))
          .isEqualTo("2 [pool, child, manager]");
      assertThat(pool.apply(NestingTest::startAll)).isEqualTo("1 []");
    }
  }

  @Test
  void open_limitThatIsNone_isRefusedWithWhatIsAllowed() throws Exception {
    try (Pool pool = Pool.open(options())) {
      for (String given : List.of("0", "101", "deep", "-1")) {
        assertThatThrownBy(() -> pool.apply(() -> {
              System.setProperty("procpool.maxDepth", given);
              return startAll();
            }))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("system property procpool.maxDepth: " + given + " (expected: 1 to 100)");
      }
    }
  }

  // The memory.

  /** A pool in a worker deals out what that worker was given, and not the machine again. */
  @Test
  void open_inAWorker_dealsOutThePartOfThatWorker() throws Exception {
    PoolOptions small = Faults.options("small")
        .workers(2)
        .maxHeapBytes(32 << 20)
        .jvmArgs(flags())
        .build();
    try (Pool pool = Pool.open(small)) {
      long given = pool.apply(() -> ThisProcess.current().memoryBytes());
      assertThat(given).isPositive();
      long heap = pool.apply(() -> {
        try (Pool nested = Pool.open(options())) {
          return nested.apply(() -> Runtime.getRuntime().maxMemory());
        }
      });
      assertThat(heap).isLessThan(given / 2);
      long tooMuch = given + (1 << 20);
      assertThatThrownBy(() -> pool.apply(() -> {
            Pool.open(Faults.options("large").workers(1).maxHeapBytes(tooMuch).build())
                .close();
            return 0;
          }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("that this process was given");
    }
  }

  // The end.

  @TestFactory
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals")
  Stream<DynamicTest> kill_rootOrMiddle_leavesNothingBelow() {
    List<DynamicTest> tests = new ArrayList<>();
    for (boolean root : new boolean[] {true, false}) {
      for (Occupation occupation : Occupation.values()) {
        if (root && occupation == Occupation.IDLE) {
          continue; // OrphanTest has idle workers of a root
        }
        tests.add(dynamicTest(
            (root ? "root x " : "middle x ") + occupation, () -> killOne(root, occupation)));
      }
    }
    return LongForm.choose(tests, 3).stream();
  }

  private void killOne(boolean root, Occupation occupation) throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    Process master = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            NestedMaster.class.getName(),
            journal.path(),
            occupation.name())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    List<Long> pids = new ArrayList<>();
    try {
      Faults.awaitLong("the tree").until(() -> journal.lines().contains(NestedMaster.READY));
      for (String line : journal.lines()) {
        if (!line.equals(NestedMaster.READY)) {
          pids.add(Long.parseLong(line));
        }
      }
      assertThat(pids).hasSize(3).allMatch(Faults::isAlive);
      long start = System.nanoTime();
      Faults.signal("KILL", root ? master.pid() : pids.get(0));
      Faults.awaitLong("nothing left below")
          .untilAsserted(() -> assertThat(pids).noneMatch(Faults::isAlive));
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      System.out.printf(
          "SIGKILL of %s, %s: gone after %d ms%n",
          root ? "root" : "middle", occupation, took.toMillis());
      assertThat(took).isLessThan(BOUND);
      assertThat(master.isAlive()).isEqualTo(!root);
    } finally {
      master.destroyForcibly().waitFor();
      for (long pid : pids) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }
}
