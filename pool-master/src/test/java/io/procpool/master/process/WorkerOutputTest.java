// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolOptions.WorkerStream;
import io.procpool.TaskOptions;
import io.procpool.TaskTimeoutException;
import io.procpool.WorkerCrashedException;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What becomes of the output of workers. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class WorkerOutputTest {
  private static final int STORM_BYTES =
      Integer.getInteger("procpool.test.outputMebibytes", 48) << 20;

  private final PrintStream standardOutput = System.out;
  private final PrintStream standardError = System.err;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir
  Path directory;

  @AfterEach
  void restore() {
    System.setOut(standardOutput);
    System.setErr(standardError);
    Faults.assertNothingLeft();
  }

  private static PoolOptions.Builder options(WorkerStream stream) {
    return Faults.options("output").workers(1).workerStdout(stream).workerStderr(stream);
  }

  private void capture() {
    System.setOut(new PrintStream(out, true));
    System.setErr(new PrintStream(err, true));
  }

  private static String text(ByteArrayOutputStream stream) {
    return stream.toString(StandardCharsets.UTF_8);
  }

  private static void print() {
    System.out.print("to out\nmore");
    System.err.print("to err\n");
  }

  @Test
  void stream_tagged_isTaggedByLine() throws Exception {
    capture();
    try (Pool pool = Pool.open(options(WorkerStream.TAG).build())) {
      valueOf(pool.submit(WorkerOutputTest::print));
    }
    assertThat(text(out))
        .isEqualTo("[fault-output/worker-1] to out\n[fault-output/worker-1] more\n");
    assertThat(text(err)).isEqualTo("[fault-output/worker-1] to err\n");
  }

  @Test
  void stream_taggedToError_leavesOutputAlone() throws Exception {
    capture();
    try (Pool pool = Pool.open(options(WorkerStream.TAG_STDERR).build())) {
      valueOf(pool.submit(WorkerOutputTest::print));
    }
    assertThat(text(out)).isEmpty();
    assertThat(text(err).lines())
        .containsExactlyInAnyOrder(
            "[fault-output/worker-1] to out",
            "[fault-output/worker-1] more",
            "[fault-output/worker-1] to err");
  }

  /** A spare's streams are those of the worker in whose place it comes. */
  @Test
  void stream_ofSpare_isTagged() throws Exception {
    capture();
    try (Pool pool = Pool.open(options(WorkerStream.TAG).spares(1).build())) {
      Faults.awaitLong("a spare").until(() -> pool.statistics().readySpares() == 1);
      failureOf(pool.submit(() -> Runtime.getRuntime().halt(3)));
      valueOf(pool.submit(WorkerOutputTest::print));
    }
    assertThat(text(out))
        .isEqualTo("[fault-output/worker-2] to out\n[fault-output/worker-2] more\n");
    assertThat(text(err)).isEqualTo("[fault-output/worker-2] to err\n");
  }

  @Test
  void stream_toFile_isAppendedWithTags() throws Exception {
    Path file = directory.resolve("workers.log");
    Files.writeString(file, "before\n");
    try (Pool pool = Pool.open(options(WorkerStream.FILE).workerOutputFile(file).build())) {
      valueOf(pool.submit(WorkerOutputTest::print));
    }
    assertThat(Files.readAllLines(file))
        .startsWith("before")
        .containsExactlyInAnyOrder(
            "before",
            "[fault-output/worker-1 out] to out",
            "[fault-output/worker-1 out] more",
            "[fault-output/worker-1 err] to err");
  }

  @Test
  void open_fileThatCannotBe_isRefused() {
    Path file = directory.resolve("none").resolve("workers.log");
    PoolOptions options = options(WorkerStream.FILE).workerOutputFile(file).build();
    assertThatThrownBy(() -> Pool.open(options)).hasMessageContaining(file.toString());
  }

  /** A full disk costs output, and nothing else. */
  @Test
  void stream_toFullDisk_isDropped() throws Exception {
    PoolOptions options =
        options(WorkerStream.FILE).workerOutputFile(Path.of("/dev/full")).build();
    try (Pool pool = Pool.open(options)) {
      assertThat(valueOf(pool.submit(() -> {
            System.out.print("x\n".repeat(500_000));
            System.err.print("last words\n");
            return 1;
          })))
          .isEqualTo(1);
      WorkerCrashedException crash = (WorkerCrashedException)
          failureOf(pool.submit(() -> Runtime.getRuntime().halt(3)));
      assertThat(crash.report().stderrTail()).contains("last words");
    }
  }

  /** Lines go to SLF4J, and name the worker. */
  @Test
  void stream_toLog_hasContext() throws Exception {
    List<String> lines = Collections.synchronizedList(new ArrayList<>());
    Logger logger = (Logger) LoggerFactory.getLogger("procpool.worker");
    AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
      @Override
      protected void append(ILoggingEvent event) {
        lines.add(event.getLevel() + " " + event.getLoggerName() + " " + event.getFormattedMessage()
            + " " + event.getMDCPropertyMap().get("procpool.worker"));
      }
    };
    appender.start();
    logger.addAppender(appender);
    logger.setAdditive(false);
    logger.setLevel(Level.INFO);
    try (Pool pool = Pool.open(options(WorkerStream.LOG).build())) {
      valueOf(pool.submit(WorkerOutputTest::print));
    } finally {
      logger.detachAppender(appender);
      logger.setAdditive(true);
      logger.setLevel(null);
    }
    assertThat(lines)
        .containsExactlyInAnyOrder(
            "INFO procpool.worker.stdout to out worker-1",
            "INFO procpool.worker.stdout more worker-1",
            "WARN procpool.worker.stderr to err worker-1");
  }

  /** The last bytes are there when the failure is, also if standard output is taken slowly. */
  @Test
  void stream_beforeACrash_arrivesBeforeTheFailure() throws Exception {
    capture();
    System.setOut(new PrintStream(out, true) {
      @Override
      public void write(byte[] bytes, int offset, int length) {
        LockSupport.parkNanos(20_000_000);
        super.write(bytes, offset, length);
      }
    });
    try (Pool pool = Pool.open(options(WorkerStream.TAG).build())) {
      for (int i = 0; i < 5; i++) {
        String end = "the end " + i;
        failureOf(pool.submit(() -> {
          System.out.print("o".repeat(40_000) + "\n" + end);
          System.err.print("e".repeat(40_000) + "\n" + end);
          Runtime.getRuntime().halt(3);
        }));
        assertThat(text(out)).contains(end);
        assertThat(text(err)).contains(end);
      }
    }
  }

  /** What a thread prints that a task has left behind arrives, too. */
  @Test
  void stream_afterTheTask_arrives() throws Exception {
    capture();
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(options(WorkerStream.TAG).build())) {
      valueOf(pool.submit(() -> {
        new Thread(() -> {
              gate.pass();
              System.out.println("late");
            })
            .start();
      }));
      gate.open();
      Faults.awaitLong("output").until(() -> text(out).equals("[fault-output/worker-1] late\n"));
    }
  }

  /** A storm without a single line arrives whole, delays no other task, and needs no memory. */
  @Test
  void stream_stormWithoutLines_delaysNobody() throws Exception {
    AtomicLong bytes = new AtomicLong();
    System.setErr(new PrintStream(new OutputStream() {
      @Override
      public void write(int b) {
        bytes.incrementAndGet();
      }

      @Override
      public void write(byte[] buffer, int offset, int length) {
        assertThat(length).isLessThan(1 << 20);
        for (int i = offset; i < offset + length; i++) {
          if (buffer[i] == (byte) 0xff) {
            bytes.incrementAndGet();
          }
        }
      }
    }));
    int length = STORM_BYTES;
    try (Pool pool = Pool.open(options(WorkerStream.TAG_STDERR).workers(2).build())) {
      AsyncResult<?> storm = pool.submit(() -> {
        byte[] piece = new byte[1 << 20];
        java.util.Arrays.fill(piece, (byte) 0xff);
        for (int i = 0; i < length >> 20; i++) {
          (i % 2 == 0 ? System.out : System.err).write(piece, 0, piece.length);
        }
      });
      int others = 0;
      while (!storm.isDone()) {
        assertThat(pool.apply(() -> 7)).isEqualTo(7);
        others++;
      }
      valueOf(storm);
      assertThat(others).isGreaterThan(10);
    }
    assertThat(bytes.get()).isEqualTo(length);
  }

  /** Nobody reads the master's stream: the worker that writes waits, until its time is up; all others work, and the pool ends. */
  @Test
  void stream_masterIsBlocked_holdsUpTheWriterOnly() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    System.setErr(new PrintStream(new OutputStream() {
      @Override
      public void write(int b) {}

      @Override
      public void write(byte[] buffer, int offset, int length) {
        try {
          read.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }));
    try (Pool pool = Pool.open(options(WorkerStream.TAG_STDERR).workers(2).build())) {
      AsyncResult<?> stuck = pool.with(TaskOptions.defaults().timeout(SHORT.multipliedBy(2)))
          .submit(() -> System.err.print("x".repeat(1_000_000)));
      for (int i = 0; i < 20; i++) {
        assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
      }
      assertThat(failureOf(stuck)).isInstanceOf(TaskTimeoutException.class);
      Faults.awaitFull(pool);
      pool.shutdown();
      assertThat(pool.awaitTermination(LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    } finally {
      read.countDown();
    }
  }

  /** A process that a task has left, and that keeps the streams open, holds up neither the failure nor the end. */
  @Test
  void stream_heldByAnotherProcess_isNotWaitedFor() throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    long start = System.nanoTime();
    try (Pool pool = Pool.open(options(WorkerStream.TAG).build())) {
      assertThat(failureOf(pool.submit(() -> {
            journal.add(new ProcessBuilder("sleep", "600").inheritIO().start().pid());
            Runtime.getRuntime().halt(3);
            return null;
          })))
          .isInstanceOf(WorkerCrashedException.class);
    } finally {
      ProcessHandle.of(journal.awaitPid()).ifPresent(ProcessHandle::destroyForcibly);
    }
    assertThat(System.nanoTime() - start).isLessThan(LONG.toNanos());
  }
}
