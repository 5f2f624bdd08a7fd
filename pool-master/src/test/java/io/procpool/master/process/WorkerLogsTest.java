// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.WorkerCrashedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.MarkerFactory;

/** What workers log is logged in the master. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class WorkerLogsTest {
  private static final String NAME = "worker-logs-test";

  @TempDir
  Path directory;

  private final Logger logger = (Logger) LoggerFactory.getLogger(NAME);
  private final Logger own = (Logger) LoggerFactory.getLogger(WorkerLogs.class);
  private final Capture captured = new Capture();
  private final Capture notices = new Capture();

  /** Keeps what is logged, as soon as it may. */
  private static final class Capture extends AppenderBase<ILoggingEvent> {
    final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    final AtomicLong count = new AtomicLong();
    volatile CountDownLatch open = new CountDownLatch(0);
    volatile long pauseMillis;

    @Override
    protected void append(ILoggingEvent event) {
      try {
        open.await();
        Thread.sleep(pauseMillis);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      event.prepareForDeferredProcessing();
      if (count.incrementAndGet() <= 1_000) {
        events.add(event);
      }
    }

    List<String> messages() {
      return events.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
  }

  @BeforeEach
  void capture() {
    captured.start();
    logger.addAppender(captured);
    logger.setAdditive(false);
    logger.setLevel(Level.TRACE);
    notices.start();
    own.addAppender(notices);
    own.setAdditive(false);
  }

  @AfterEach
  void restore() {
    logger.detachAppender(captured);
    own.detachAppender(notices);
    own.setAdditive(true);
    logger.setLevel(null);
    Faults.assertNothingLeft();
  }

  private static PoolOptions.Builder options() {
    return Faults.options("logs").workers(1).workerLogs(System.Logger.Level.DEBUG);
  }

  @Test
  void record_ofSlf4j_isLoggedHereWithAllThatItHas() throws Exception {
    AsyncResult<?> result;
    try (Pool pool = Pool.open(options().build())) {
      result = pool.submit(() -> {
        MDC.put("user", "u1");
        org.slf4j.Logger logger = LoggerFactory.getLogger(NAME);
        logger
            .atWarn()
            .addMarker(MarkerFactory.getMarker("AUDIT"))
            .addKeyValue("key", 7)
            .setCause(new IllegalStateException("outer", new IllegalArgumentException("inner")))
            .log("page {} of {}", 1, 2);
        logger.trace("too fine");
      });
      valueOf(result);
    }
    assertThat(captured.events).hasSize(1);
    ILoggingEvent event = captured.events.get(0);
    assertThat(event.getLevel()).isEqualTo(Level.WARN);
    assertThat(event.getFormattedMessage()).isEqualTo("key=7 page 1 of 2");
    assertThat(event.getMarkerList()).extracting(Object::toString).containsExactly("AUDIT");
    assertThat(event.getMDCPropertyMap())
        .containsEntry("user", "u1")
        .containsEntry("procpool.pool", "fault-logs")
        .containsEntry("procpool.worker", "worker-1")
        .containsEntry("procpool.task", "1")
        .containsEntry("procpool.thread", "procpool-task")
        .containsKeys("procpool.pid", "procpool.time");
    assertThat(event.getThrowableProxy().getMessage())
        .isEqualTo("java.lang.IllegalStateException: outer");
    assertThat(event.getThrowableProxy().getStackTraceElementProxyArray()[0].getSTEAsString())
        .contains("WorkerLogsTest");
    assertThat(event.getThrowableProxy().getCause().getMessage())
        .isEqualTo("java.lang.IllegalArgumentException: inner");
    assertThat(MDC.get("procpool.worker")).isNull();
  }

  @Test
  void record_ofTheJdk_isLoggedHere() throws Exception {
    try (Pool pool = Pool.open(options().build())) {
      valueOf(pool.submit(() -> {
        java.util.logging.Logger.getLogger(NAME).log(java.util.logging.Level.FINE, "by {0}", "jul");
        System.getLogger(NAME).log(System.Logger.Level.ERROR, "by {0}", "system");
        java.util.logging.Logger.getLogger(NAME).finest("too fine");
      }));
    }
    assertThat(captured.messages()).containsExactly("by jul", "by system");
    assertThat(captured.events.get(0).getLevel()).isEqualTo(Level.DEBUG);
    assertThat(captured.events.get(1).getLevel()).isEqualTo(Level.ERROR);
  }

  /** The initializer logs, too; without a task. */
  @Test
  void record_ofInitializer_hasNoTask() throws Exception {
    PoolOptions options =
        options().initializer(() -> LoggerFactory.getLogger(NAME).info("begin")).build();
    try (Pool pool = Pool.open(options)) {
      valueOf(pool.submit(() -> {}));
    }
    assertThat(captured.messages()).containsExactly("begin");
    assertThat(captured.events.get(0).getMDCPropertyMap()).doesNotContainKey("procpool.task");
  }

  /** Who does not ask for it has in workers what stands on the class path. */
  @Test
  void worker_withoutForwarding_logsAsItIsConfigured() throws Exception {
    try (Pool pool = Pool.open(Faults.options("logs").workers(1).build())) {
      assertThat(valueOf(
              pool.submit(() -> LoggerFactory.getILoggerFactory().getClass().getName())))
          .isEqualTo("ch.qos.logback.classic.LoggerContext");
    }
  }

  /** What was logged before a crash is there. */
  @Test
  void record_beforeACrash_isNotLost() throws Exception {
    int crashes = 6;
    try (Pool pool = Pool.open(options().build())) {
      for (int i = 0; i < crashes; i++) {
        int number = i;
        failureOf(pool.submit(() -> {
          for (int j = 0; j < 100; j++) {
            LoggerFactory.getLogger(NAME).info("{} {}", number, j);
          }
          if (number % 2 == 0) {
            Runtime.getRuntime().halt(3);
          }
          new ProcessBuilder("kill", "-9", Long.toString(Faults.pid())).start().waitFor();
          return null;
        }));
      }
    }
    assertThat(captured.events).hasSize(100 * crashes);
    for (int i = 0; i < crashes; i++) {
      assertThat(captured.messages().get(100 * i + 99)).isEqualTo(i + " 99");
    }
  }

  /** Threads that are interrupted while they log do the connection no harm. */
  @Test
  void record_ofInterruptedThreads_harmsNobody() throws Exception {
    int records = 20_000;
    try (Pool pool = Pool.open(options().build())) {
      for (int round = 0; round < 3; round++) {
        valueOf(pool.submit(() -> {
          Thread writer = new Thread(() -> {
            for (int i = 0; i < records; i++) {
              LoggerFactory.getLogger(NAME).info("x");
            }
          });
          writer.start();
          Thread task = Thread.currentThread();
          while (writer.isAlive()) {
            writer.interrupt();
            task.interrupt();
            LoggerFactory.getLogger(NAME).info("y");
            Thread.interrupted();
          }
        }));
      }
      assertThat(pool.statistics().spawnedWorkers()).isEqualTo(1);
    }
  }

  /** The master's logging blocks: no task does, memory is bounded, and what is dropped is counted. */
  @Test
  void record_moreThanTheMasterLogs_isDroppedAndCounted() throws Exception {
    int records = 60_000;
    captured.open = new CountDownLatch(1);
    try (Pool pool = Pool.open(options().workers(2).build())) {
      AsyncResult<?> storm = pool.submit(() -> {
        String text = "x".repeat(100);
        for (int i = 0; i < records; i++) {
          LoggerFactory.getLogger(NAME).info(text);
        }
      });
      while (!storm.isDone()) {
        assertThat(pool.apply(() -> 7)).isEqualTo(7);
      }
      valueOf(storm);
      captured.open.countDown();
      Faults.awaitLong("all accounted for").until(() -> logged() + dropped() == records);
      assertThat(dropped()).isPositive();
    } finally {
      captured.open.countDown();
    }
  }

  /** The master's logging blocks, or is slow: the pool closes all the same, what it has no time for is dropped, and that is said when it goes on. */
  @ParameterizedTest
  @ValueSource(longs = {0, 20})
  void close_masterDoesNotLog_isBounded(long pauseMillis) throws Exception {
    int records = 2_000;
    captured.pauseMillis = pauseMillis;
    captured.open = new CountDownLatch(pauseMillis > 0 ? 0 : 1);
    try {
      // Below that level newer JDKs log their own exit.
      Pool pool = Pool.open(options().workerLogs(System.Logger.Level.INFO).build());
      valueOf(pool.submit(() -> {
        for (int i = 0; i < records; i++) {
          LoggerFactory.getLogger(NAME).info("{}", i);
        }
      }));
      long start = System.nanoTime();
      pool.close();
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isLessThan(Duration.ofSeconds(1).plus(Faults.LONG.dividedBy(3)));
      assertThat(Faults.children()).isEmpty();
      assertThat(Faults.poolSessions()).isEmpty();
      captured.open.countDown();
      Faults.awaitLong("all accounted for").until(() -> logged() + dropped() == records);
      assertThat(dropped()).isPositive();
      assertThat(captured.messages())
          .as("those that were logged, in order")
          .isEqualTo(
              IntStream.range(0, (int) logged()).mapToObj(String::valueOf).toList());
    } finally {
      captured.open.countDown();
    }
  }

  /** What is no record of a worker of ours costs the master nothing: broken ones are dropped, long names of loggers do not become loggers, and all else goes on. */
  @Test
  void record_ofAHostileWorker_isHarmless() throws Exception {
    FakeJava java = FakeJava.in(directory);
    java.fake("hostile-logs");
    Logger named = (Logger) LoggerFactory.getLogger("hostile.last");
    named.addAppender(captured);
    named.setAdditive(false);
    try (Pool pool = Pool.open(options().javaExecutable(java.path()).build())) {
      assertThat(valueOf(pool.submit(() -> 2))).as("the fake one's answer").isEqualTo(1);
      int many = FakeWorker.MANY;
      Faults.awaitLong("the last record").until(() -> logged() == 1);
      Faults.awaitLong("all accounted for").until(() -> dropped() == many + 2);
      assertThat(notices.events)
          .filteredOn(event -> event.getMDCPropertyMap().containsKey("procpool.logger"))
          .hasSize(many)
          .allMatch(event -> event.getMessage().equals("m"));
      assertThat(((LoggerContext) LoggerFactory.getILoggerFactory()).getLoggerList())
          .noneMatch(logger -> logger.getName().length() > 1_000);
      assertThat(pool.statistics().crashedWorkers()).isZero();
    } finally {
      named.detachAppender(captured);
    }
  }

  /** A record that would be larger than any is not waited for. */
  @Test
  void record_thatIsHuge_endsItsWorker() throws Exception {
    FakeJava java = FakeJava.in(directory);
    java.fakeFirst("huge-log");
    try (Pool pool = Pool.open(options().javaExecutable(java.path()).build())) {
      assertThat(failureOf(pool.submit(() -> 1)))
          .isInstanceOf(WorkerCrashedException.class)
          .hasMessageContaining("broke the protocol: it sent a log record of 83886");
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
    }
  }

  /** Names that workers invent become loggers up to a number and a length, with all the loggers that Logback makes for their parts. */
  @Test
  void loggers_ofInventedNames_areBounded() {
    WorkerLoggers few = new WorkerLoggers(3, 1_000);
    for (int i = 0; i < 10; i++) {
      assertThat(few.get("invented.x" + i) != null).isEqualTo(i < 3);
    }
    assertThat(few.get("invented.x1")).isNotNull();
    WorkerLoggers narrow = new WorkerLoggers(100, 10_000);
    int made = 0;
    for (int i = 0; i < 100; i++) {
      made += narrow.get("invented.y" + i + ".p".repeat(100)) != null ? 1 : 0;
    }
    assertThat(made).as("of 200 characters and 100 parts each").isLessThan(2);
    assertThat(narrow.get("invented.z" + "q".repeat(1_000))).isNull();
  }

  private long logged() {
    return captured.count.get();
  }

  private long dropped() {
    return notices.messages().stream()
        .filter(message -> message.contains("were dropped"))
        .mapToLong(message -> Long.parseLong(message.split(" ")[1]))
        .sum();
  }

  @Test
  void open_withAProviderOfTheUsers_isRefused() {
    PoolOptions options = options().jvmArgs(List.of("-Dslf4j.provider=a.B")).build();
    assertThatThrownBy(() -> Pool.open(options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("workerLogs", "-Dslf4j.provider=a.B");
  }
}
