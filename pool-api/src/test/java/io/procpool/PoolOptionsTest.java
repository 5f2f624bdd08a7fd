// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.PoolOptions.Overflow;
import io.procpool.PoolOptions.WorkerStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The options without a pool: defaults, bad arguments, bad combinations. */
class PoolOptionsTest {
  private record Bad(String message, Function<PoolOptions.Builder, PoolOptions.Builder> setter) {
    @Override
    public String toString() {
      return message;
    }
  }

  private static Bad bad(
      String message, Function<PoolOptions.Builder, PoolOptions.Builder> setter) {
    return new Bad(message, setter);
  }

  static List<Bad> badArguments() {
    Duration negative = Duration.ofMillis(-1);
    Duration huge = Duration.ofSeconds(Long.MAX_VALUE);
    return List.of(
        bad("name: \"\" (expected: letters", b -> b.name("")),
        bad("name: \"a b\" (expected: letters", b -> b.name("a b")),
        bad("name: \"a\n\" (expected: letters", b -> b.name("a\n")),
        bad("workers: 0 (expected: 1 to 512)", b -> b.workers(0)),
        bad("workers: -1 (expected: 1 to 512)", b -> b.workers(-1)),
        bad("workers: 513 (expected: 1 to 512)", b -> b.workers(513)),
        bad("minWorkers: -1 (expected: 0 to 512)", b -> b.workers(-1, 1)),
        bad("workers: 0 (expected: 1 to 512)", b -> b.workers(0, 0)),
        bad("workers: 513 (expected: 1 to 512)", b -> b.workers(1, 513)),
        bad("minWorkers: 3 is above workers: 2; lower it", b -> b.workers(3, 2)),
        bad("idleTimeout: PT0S (expected: more than", b -> b.idleTimeout(Duration.ZERO)),
        bad("spares: -1 (expected: 0 to 512)", b -> b.spares(-1)),
        bad("spares: 513 (expected: 0 to 512)", b -> b.spares(513)),
        bad("startTimeout: PT0S (expected: more than zero)", b -> b.startTimeout(Duration.ZERO)),
        bad("startTimeout: PT-0.001S (expected: more than", b -> b.startTimeout(negative)),
        bad("startTimeout: " + huge + " (expected: at most", b -> b.startTimeout(huge)),
        bad("maxStartAttempts: 0 (expected: 1 to 1000)", b -> b.maxStartAttempts(0)),
        bad("maxStartAttempts: 1001 (expected: 1 to 1000)", b -> b.maxStartAttempts(1001)),
        bad("gracePeriod: PT-0.001S (expected: zero or more)", b -> b.gracePeriod(negative)),
        bad("gracePeriod: " + huge + " (expected: at most", b -> b.gracePeriod(huge)),
        bad("maxPendingTasks: 0 (expected: 1 or more)", b -> b.maxPendingTasks(0)),
        bad("maxPendingBytes: 0 (expected: 1 or more)", b -> b.maxPendingBytes(0)),
        bad("prefetch: -1 (expected: 0 to 48)", b -> b.prefetch(-1)),
        bad("prefetch: 49 (expected: 0 to 48)", b -> b.prefetch(49)),
        bad("maxHeapBytes: -1 (expected: 0", b -> b.maxHeapBytes(-1)),
        bad("maxHeapBytes: 2097151 (expected: 0", b -> b.maxHeapBytes((2 << 20) - 1)),
        bad("jvmArgs: \"Xss1m\" (expected: JVM flags", b -> b.jvmArgs(List.of("-Xss1m", "Xss1m"))),
        bad("jvmArgs: \"\" (expected: JVM flags", b -> b.jvmArgs(List.of(""))),
        bad("jvmArgs: \"-cp\" (expected: JVM flags", b -> b.jvmArgs(List.of("-cp", "x"))),
        bad("jvmArgs: \"-jar\" (expected: JVM flags", b -> b.jvmArgs(List.of("-jar"))),
        bad("jvmArgs: \"-classpath\" (expected:", b -> b.jvmArgs(List.of("-classpath"))),
        bad("jvmArgs: \"--class-path=x\" (expected:", b -> b.jvmArgs(List.of("--class-path=x"))),
        bad("environment: \"\" (expected: a name", b -> b.environment(Map.of("", "x"))),
        bad("environment: \"A=B\" (expected: a name", b -> b.environment(Map.of("A=B", "x"))),
        bad("environment: \"A\" (expected: a name", b -> b.environment(Map.of("A", "x\0"))));
  }

  @ParameterizedTest
  @MethodSource("badArguments")
  void setter_badArgument_isRefusedWithValueAndWhatIsAllowed(Bad bad) {
    PoolOptions.Builder builder = PoolOptions.builder();
    assertThatThrownBy(() -> bad.setter.apply(builder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(bad.message);
  }

  @Test
  void setter_null_isRefused() {
    List<Function<PoolOptions.Builder, Object>> setters = List.of(
        b -> b.backend(null),
        b -> b.name(null),
        b -> b.taskDefaults(null),
        b -> b.initializer(null),
        b -> b.finalizer(null),
        b -> b.recycling(null),
        b -> b.memory(null),
        b -> b.startTimeout(null),
        b -> b.gracePeriod(null),
        b -> b.overflow(null),
        b -> b.overflowTimeout(null),
        b -> b.jvmArgs(null),
        b -> b.jvmArgs(Arrays.asList("-Xint", null)),
        b -> b.environment(null),
        b -> b.workingDirectory(null),
        b -> b.classPath(null),
        b -> b.classPath(Arrays.asList(Path.of("a"), null)),
        b -> b.javaExecutable(null),
        b -> b.workerStdout(null),
        b -> b.workerStderr(null),
        b -> b.listener(null));
    for (Function<PoolOptions.Builder, Object> setter : setters) {
      assertThatThrownBy(() -> setter.apply(PoolOptions.builder()))
          .isInstanceOf(NullPointerException.class);
    }
  }

  @Test
  void build_blockWithoutLimit_isRefused() {
    assertThatThrownBy(() -> PoolOptions.builder().overflow(Overflow.BLOCK).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("overflow=BLOCK", "maxPendingTasks", "maxPendingBytes");
    assertThat(PoolOptions.builder()
            .overflow(Overflow.BLOCK)
            .maxPendingBytes(1)
            .build()
            .overflow())
        .isEqualTo(Overflow.BLOCK);
  }

  @Test
  void build_overflowTimeoutWithoutBlock_isRefused() {
    PoolOptions.Builder options =
        PoolOptions.builder().maxPendingTasks(1).overflowTimeout(Duration.ofSeconds(2));
    assertThatThrownBy(options::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("overflowTimeout=PT2S", "overflow=REJECT", "BLOCK");
    assertThat(options.overflow(Overflow.BLOCK).build().toBuilder().build().overflowTimeout())
        .contains(Duration.ofSeconds(2));
    assertThatThrownBy(() -> PoolOptions.builder().overflowTimeout(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("overflowTimeout");
  }

  @Test
  void build_nothingSet_hasDocumentedDefaults() {
    PoolOptions options = PoolOptions.builder().build();
    assertThat(options.backend()).isEqualTo("processes");
    assertThat(options.name()).matches("pool-[0-9]+");
    assertThat(options.workers())
        .isEqualTo(Math.min(512, Runtime.getRuntime().availableProcessors()));
    assertThat(options.taskDefaults()).isSameAs(TaskOptions.defaults());
    assertThat(options.minWorkers()).isEqualTo(options.workers());
    assertThat(options.idleTimeout()).isEqualTo(Duration.ofSeconds(60));
    assertThat(options.recycling().isNever()).isTrue();
    assertThat(options.spares()).isZero();
    assertThat(options.finalizer()).isEmpty();
    assertThat(options.memory()).isEqualTo(PoolOptions.Memory.BUDGETED);
    assertThat(options.initializer()).isEmpty();
    assertThat(options.startTimeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(options.maxStartAttempts()).isEqualTo(5);
    assertThat(options.gracePeriod()).isEqualTo(Duration.ofSeconds(2));
    assertThat(options.maxPendingTasks()).isEqualTo(Integer.MAX_VALUE);
    assertThat(options.maxPendingBytes()).isEqualTo(Long.MAX_VALUE);
    assertThat(options.overflow()).isEqualTo(Overflow.REJECT);
    assertThat(options.overflowTimeout()).isEmpty();
    assertThat(options.prefetch()).isEqualTo(16);
    assertThat(options.maxHeapBytes()).isZero();
    assertThat(options.jvmArgs()).isEmpty();
    assertThat(options.environment()).isEmpty();
    assertThat(options.workingDirectory()).isEmpty();
    assertThat(options.classPath()).isEmpty();
    assertThat(options.javaExecutable()).isEmpty();
    assertThat(options.workerStdout()).isEqualTo(WorkerStream.INHERIT);
    assertThat(options.workerStderr()).isEqualTo(WorkerStream.INHERIT);
    assertThat(options.listeners()).isEmpty();
    assertThat(PoolOptions.builder().build().name()).isNotEqualTo(options.name());
  }

  @Test
  void toBuilder_everythingSet_keepsIt() {
    RunnableTask initializer = () -> {};
    PoolListener listener = new PoolListener() {};
    PoolOptions options = PoolOptions.builder()
        .backend("threads")
        .name("a.b-c_1")
        .workers(3, 512)
        .idleTimeout(Duration.ofMillis(7))
        .taskDefaults(TaskOptions.defaults().timeout(Duration.ofSeconds(1)))
        .recycling(RecyclePolicy.never().maxTasks(2))
        .spares(8)
        .finalizer(initializer)
        .memory(PoolOptions.Memory.UNBUDGETED)
        .initializer(initializer)
        .startTimeout(Duration.ofSeconds(3))
        .maxStartAttempts(4)
        .gracePeriod(Duration.ZERO)
        .maxPendingTasks(5)
        .maxPendingBytes(6)
        .overflow(Overflow.BLOCK)
        .prefetch(0)
        .maxHeapBytes(64 << 20)
        .jvmArgs(List.of("-Xss1m"))
        .environment(Map.of("A", ""))
        .workingDirectory(Path.of("work"))
        .classPath(List.of(Path.of("a.jar")))
        .javaExecutable(Path.of("java"))
        .workerStdout(WorkerStream.STDERR)
        .workerStderr(WorkerStream.FILE)
        .workerOutputFile(Path.of("workers.log"))
        .workerLogs(System.Logger.Level.DEBUG)
        .debugWorkers(true)
        .listener(listener)
        .build()
        .toBuilder()
        .build();
    assertThat(options.backend()).isEqualTo("threads");
    assertThat(options.name()).isEqualTo("a.b-c_1");
    assertThat(options.workers()).isEqualTo(512);
    assertThat(options.taskDefaults().timeout()).contains(Duration.ofSeconds(1));
    assertThat(options.minWorkers()).isEqualTo(3);
    assertThat(options.idleTimeout()).isEqualTo(Duration.ofMillis(7));
    assertThat(options.recycling().maxTasks()).isEqualTo(2);
    assertThat(options.spares()).isEqualTo(8);
    assertThat(options.finalizer()).containsSame(initializer);
    assertThat(options.memory()).isEqualTo(PoolOptions.Memory.UNBUDGETED);
    assertThat(options.initializer()).containsSame(initializer);
    assertThat(options.startTimeout()).isEqualTo(Duration.ofSeconds(3));
    assertThat(options.maxStartAttempts()).isEqualTo(4);
    assertThat(options.gracePeriod()).isZero();
    assertThat(options.maxPendingTasks()).isEqualTo(5);
    assertThat(options.maxPendingBytes()).isEqualTo(6);
    assertThat(options.overflow()).isEqualTo(Overflow.BLOCK);
    assertThat(options.prefetch()).isZero();
    assertThat(options.maxHeapBytes()).isEqualTo(64 << 20);
    assertThat(options.jvmArgs()).containsExactly("-Xss1m");
    assertThat(options.environment()).isEqualTo(Map.of("A", ""));
    assertThat(options.workingDirectory()).contains(Path.of("work").toAbsolutePath());
    assertThat(options.classPath()).containsExactly(Path.of("a.jar").toAbsolutePath());
    assertThat(options.javaExecutable()).contains(Path.of("java").toAbsolutePath());
    assertThat(options.workerStdout()).isEqualTo(WorkerStream.STDERR);
    assertThat(options.workerStderr()).isEqualTo(WorkerStream.FILE);
    assertThat(options.workerOutputFile()).contains(Path.of("workers.log").toAbsolutePath());
    assertThat(options.workerLogs()).isEqualTo(System.Logger.Level.DEBUG);
    assertThat(options.debugWorkers()).isTrue();
    assertThat(PoolOptions.builder().build().debugWorkers()).isFalse();
    assertThat(options.listeners()).containsExactly(listener);
    assertThat(options.toString()).contains("a.b-c_1", "threads", "512");
  }

  @Test
  void build_twoDebuggers_isRefused() {
    String own = "-agentlib:jdwp=transport=dt_socket,server=y";
    PoolOptions.Builder builder = PoolOptions.builder().jvmArgs(List.of("-Xss1m", own));
    assertThat(builder.build().jvmArgs()).contains(own);
    assertRefused(() -> builder.debugWorkers(true).build(), "debugWorkers=true contradicts " + own);
    PoolOptions.Builder inherited = PoolOptions.builder().debugWorkers(true);
    assertRefused(
        () -> inherited.environment(Map.of("JAVA_TOOL_OPTIONS", "-Xint " + own)).build(), own);
  }

  @Test
  void build_outputToFileWithoutFile_isRefused() {
    assertThatThrownBy(
            () -> PoolOptions.builder().workerStdout(WorkerStream.FILE).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("workerOutputFile");
    assertThatThrownBy(
            () -> PoolOptions.builder().workerOutputFile(Path.of("a.log")).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("a.log", "FILE");
  }

  /** What is built does not change when its builder, or a list given to it, does. */
  @Test
  void build_builderChangedLater_optionsStay() {
    List<String> jvmArgs = new java.util.ArrayList<>(List.of("-Xint"));
    PoolOptions.Builder builder = PoolOptions.builder().workers(1).jvmArgs(jvmArgs);
    PoolOptions options = builder.build();
    builder.workers(2);
    jvmArgs.add("-Xss1m");
    assertThat(options.workers()).isEqualTo(1);
    assertThat(options.jvmArgs()).containsExactly("-Xint");
  }

  @Test
  void taskOptions_anyOrder_keepEachOther() {
    TaskOptions options = TaskOptions.defaults().name("a").timeout(Duration.ofSeconds(1));
    assertThat(options.name()).contains("a");
    assertThat(options.timeout()).contains(Duration.ofSeconds(1));
    assertThat(TaskOptions.defaults().name()).isEmpty();
    assertThat(TaskOptions.defaults().timeout()).isEmpty();
    assertThatThrownBy(() -> TaskOptions.defaults().timeout(Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("timeout: PT-0.001S (expected: zero or more)");
    assertThatThrownBy(() -> TaskOptions.defaults().name(null))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void taskOptions_limits_areKeptAndChecked() {
    Duration second = Duration.ofSeconds(1);
    TaskOptions options = TaskOptions.defaults()
        .timeoutGrace(second)
        .queueTimeout(second.multipliedBy(2))
        .stallTimeout(second.multipliedBy(3))
        .maxRssBytes(1L << 30)
        .maxHeapBytes(1L << 20 << 5);
    TaskOptions over = TaskOptions.defaults().stallTimeout(Duration.ZERO).over(options);
    assertThat(over.timeoutGrace()).contains(second);
    assertThat(over.queueTimeout()).contains(second.multipliedBy(2));
    assertThat(over.stallTimeout()).contains(Duration.ZERO);
    assertThat(over.maxRssBytes()).contains(1L << 30);
    assertThat(over.maxHeapBytes()).contains(32L << 20);
    TaskOptions none = TaskOptions.defaults();
    Duration negative = Duration.ofMillis(-1);
    assertRefused(() -> none.timeoutGrace(negative), "timeoutGrace: PT-0.001S");
    assertRefused(() -> none.queueTimeout(negative), "queueTimeout: PT-0.001S");
    assertRefused(() -> none.stallTimeout(negative), "stallTimeout: PT-0.001S");
    assertRefused(() -> none.queueTimeout(Duration.ofDays(40_000)), "at most 36500 days");
    assertRefused(
        () -> none.maxRssBytes(1 << 20), "maxRssBytes: 1048576 (expected: 0 for no limit");
    assertRefused(() -> none.maxRssBytes(-1), "maxRssBytes: -1");
    assertRefused(
        () -> none.maxHeapBytes(1 << 20), "maxHeapBytes: 1048576 (expected: 0 for no limit");
  }

  private static void assertRefused(ThrowingCallable setter, String message) {
    assertThatThrownBy(setter)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void taskOptions_ofScheduling_areKeptAndChecked() {
    TaskOptions options =
        TaskOptions.defaults().priority(-3).submitter("web", 5).key("user-1");
    assertThat(options.priority()).contains(-3);
    assertThat(options.submitter()).contains("web");
    assertThat(options.weight()).contains(5);
    assertThat(options.key()).contains("user-1");
    assertThat(TaskOptions.defaults().priority()).isEmpty();
    assertThat(TaskOptions.defaults().key()).isEmpty();
    // A weight belongs to its submitter.
    TaskOptions merged = TaskOptions.defaults().submitter("batch").over(options);
    assertThat(merged.submitter()).contains("batch");
    assertThat(merged.weight()).contains(1);
    assertThat(merged.priority()).contains(-3);
    assertThat(TaskOptions.defaults().priority(1).over(options).weight()).contains(5);
    assertThatThrownBy(() -> TaskOptions.defaults().submitter(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("submitter");
    assertThatThrownBy(() -> TaskOptions.defaults().submitter("a", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("weight: 0 (expected: 1 to 1000)");
    assertThatThrownBy(() -> TaskOptions.defaults().key(null))
        .isInstanceOf(NullPointerException.class);
  }

  /** Without an implementation on the class path, the message says which artifact is missing. */
  @Test
  void open_noBackendOnClassPath_namesArtifact() {
    assertThatThrownBy(Pool::open)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("io.procpool:procpool-master");
  }
}
