// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildOptions;
import io.procpool.ChildOptions.Stream;
import io.procpool.ChildProcess;
import io.procpool.ChildTask;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.SpareOptions;
import io.procpool.WarmSpares;
import io.procpool.master.process.Faults;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Spares: who adopts them, who does not, and what becomes of the rest. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class WarmSparesTest {
  private static final ChildOptions CHILD = ChildOptions.builder()
      .stdout(Stream.CAPTURE)
      .stderr(Stream.CAPTURE)
      .gracePeriod(LONG)
      .build();

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
    Faults.assertNothingLeft();
  }

  private static WarmSpares keepReady(SpareOptions.Builder options) throws InterruptedException {
    WarmSpares spares = WarmSpares.keep(options.build());
    assertThat(spares.awaitReady(LONG)).as("%s", spares.statistics()).isTrue();
    return spares;
  }

  private static SpareOptions.Builder forChildren() {
    return SpareOptions.forChildren(CHILD);
  }

  private static Set<Long> pids() {
    return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }

  private static ChildProcess run(ChildOptions options, ChildTask task) throws Exception {
    ChildProcess child = ChildProcess.start(options, task);
    assertThat(child.join(LONG)).as("%s has ended", child).isTrue();
    return child;
  }

  @Test
  void start_spareReady_isAdoptedAndReplaced() throws Exception {
    try (WarmSpares spares = keepReady(forChildren().count(2))) {
      assertThat(spares.statistics().ready()).isEqualTo(2);
      Set<Long> before = pids();
      ChildProcess child = run(CHILD, () -> {
        System.out.print(ChildProcess.current().name());
        throw new IllegalStateException("boom");
      });
      assertThat(before).contains(child.pid());
      assertThat(child.exitCode()).hasValue(1);
      assertThat(child.stdout().text()).isEqualTo(CHILD.name());
      assertThat(child.stderr().text()).startsWith("Exception in process " + CHILD.name());
      assertThat(spares.awaitReady(LONG)).isTrue();
      assertThat(spares.statistics().adopted()).isEqualTo(1);
      assertThat(spares.statistics().spawned()).isEqualTo(3);
    }
  }

  /** Everything that holds for children holds for adopted ones. */
  @Test
  void start_spareAdopted_obeysAsAnyChild() throws Exception {
    try (WarmSpares spares = keepReady(forChildren())) {
      byte[] large = new byte[1 << 20];
      ChildProcess child = ChildProcess.start(CHILD, () -> {
        try {
          System.out.print(large.length);
          ChildTasks.sleepForEver();
        } finally {
          System.out.print(" finally");
        }
      });
      Faults.awaitLong("output").until(() -> !child.stdout().text().isEmpty());
      child.terminate();
      assertThat(child.join(LONG)).isTrue();
      assertThat(child.exitCode()).hasValue(143);
      assertThat(child.stdout().text()).isEqualTo((1 << 20) + " finally");
      assertThat(spares.statistics().adopted()).isEqualTo(1);
    }
  }

  @Test
  void pool_spareReady_isAdopted() throws Exception {
    PoolOptions options =
        Faults.options("warm").workers(2).maxHeapBytes(64 << 20).build();
    try (WarmSpares spares = keepReady(SpareOptions.forWorkers(options).count(2))) {
      Set<Long> before = pids();
      try (Pool pool = Pool.open(options)) {
        Faults.awaitFull(pool);
        List<Long> workers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          workers.add(pool.apply(() -> ProcessHandle.current().pid()));
        }
        assertThat(before).containsAll(workers);
        assertThat(spares.statistics().adopted()).isEqualTo(2);
      }
    }
  }

  @Test
  void start_otherShape_isNotAdopted() throws Exception {
    try (WarmSpares spares = keepReady(forChildren())) {
      run(CHILD.toBuilder().maxHeapBytes(64 << 20).build(), () -> {});
      run(CHILD.toBuilder().jvmArgs(List.of("-Da=b")).build(), () -> {});
      run(CHILD.toBuilder().environment(Map.of("A", "b")).build(), () -> {});
      run(CHILD.toBuilder().workingDirectory(directory).build(), () -> {});
      run(CHILD.toBuilder().classPath(List.of(directory)).build(), () -> {});
      run(CHILD.toBuilder().stdout(Stream.DISCARD).build(), () -> {});
      assertThat(spares.statistics().adopted()).isZero();
      run(CHILD.toBuilder().name("another").daemon(true).stderr(Stream.DISCARD).build(), () -> {});
      assertThat(spares.statistics().adopted()).isEqualTo(1);
    }
  }

  @Test
  void spare_killedWhileWaiting_isReplaced() throws Exception {
    try (WarmSpares spares = keepReady(forChildren())) {
      Faults.signal("KILL", pids().iterator().next());
      Faults.awaitLong("death noticed").until(() -> spares.statistics().died() == 1);
      assertThat(spares.awaitReady(LONG)).isTrue();
      assertThat(run(CHILD, () -> {}).exitCode()).hasValue(0);
    }
  }

  /** Killed just before it is adopted: the child runs all the same, or is seen to have been killed. */
  @Test
  void spare_killedAsItIsAdopted_noHang() throws Exception {
    for (int i = 0; i < LongForm.choose(5, 2); i++) {
      try (WarmSpares spares = keepReady(forChildren())) {
        Faults.signal("KILL", pids().iterator().next());
        ChildProcess child = run(CHILD, () -> {});
        assertThat(child.exitCode().orElseThrow()).isIn(0, 137);
      }
    }
  }

  @Test
  void spare_waitsTooLong_expiresAndComesBackOnDemand() throws Exception {
    try (WarmSpares spares =
        WarmSpares.keep(forChildren().maxIdleTime(Faults.SHORT).build())) {
      Faults.awaitLong("expired").until(() -> spares.statistics().expired() == 1);
      Faults.awaitLong("its end").until(() -> pids().isEmpty());
      assertThat(spares.statistics().spawned()).isEqualTo(1);
      assertThat(run(CHILD, () -> {}).exitCode()).hasValue(0);
      Faults.awaitLong("another").until(() -> spares.statistics().spawned() == 2);
    }
  }

  @Test
  void spare_jarOfClassPathChanges_isReplaced() throws Exception {
    Path jar = directory.resolve("some.jar");
    Files.write(
        jar, new byte[] {'P', 'K', 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    ChildOptions options = CHILD.toBuilder().classPath(List.of(jar)).build();
    try (WarmSpares spares = keepReady(SpareOptions.forChildren(options))) {
      assertThat(jar.toFile().setLastModified(1_000_000_000_000L)).isTrue();
      assertThat(run(options, () -> {}).exitCode()).hasValue(0);
      assertThat(spares.statistics().outdated()).isEqualTo(1);
      assertThat(spares.statistics().adopted()).isZero();
      assertThat(spares.awaitReady(LONG)).isTrue();
      run(options, () -> {});
      assertThat(spares.statistics().adopted()).isEqualTo(1);
    }
  }

  @Test
  void keep_cannotStart_noStormAndChildrenStillStart() throws Exception {
    Path java =
        Files.writeString(directory.resolve("java"), "#!/bin/sh\necho no luck >&2\nexit 9\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    try (WarmSpares spares = WarmSpares.keep(forChildren().javaExecutable(java).build())) {
      Faults.awaitLong("deaths").until(() -> spares.statistics().died() >= 2);
      assertThat(spares.awaitReady(Faults.SHORT)).isFalse();
      assertThat(spares.statistics().spawned()).isLessThan(20);
      assertThat(run(CHILD, () -> {}).exitCode()).hasValue(0);
    }
  }

  @Test
  void close_whileStartingAndReady_noneLeft() throws Exception {
    WarmSpares.keep(forChildren().count(3).build()).close();
    assertThat(pids()).isEmpty();
    WarmSpares spares = keepReady(forChildren().count(2));
    ChildProcess adopted = ChildProcess.start(CHILD, ChildTasks::sleepForEver);
    assertThat(spares.statistics().adopted()).isEqualTo(1);
    spares.close();
    spares.close();
    assertThat(pids()).containsExactly(adopted.pid());
    assertThat(spares.awaitReady(Duration.ZERO)).isFalse();
    assertThat(adopted.isAlive()).isTrue();
    adopted.kill();
    adopted.join();
  }

  @Test
  void keep_impossibleOptions_areRefused() {
    assertThatThrownBy(() -> SpareOptions.builder().count(0))
        .hasMessage("count: 0 (expected: 1 to 512)");
    SpareOptions options =
        SpareOptions.builder().workingDirectory(directory.resolve("none")).build();
    assertThatThrownBy(() -> WarmSpares.keep(options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("workingDirectory");
  }
}
