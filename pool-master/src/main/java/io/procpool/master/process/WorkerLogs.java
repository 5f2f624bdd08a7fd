// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import io.procpool.ipc.wire.LogRecord;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.MarkerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/** Logs here what workers have logged. Safe for use by multiple threads. */
final class WorkerLogs implements Closeable {
  /*
   * The event loop only passes records on, undecoded; one thread of the pool, which exists while there are some, decodes and logs them. It may block in an appender: then records
   * wait, up to a number and a sum of bytes, and what comes beyond is dropped and counted. When the thread goes on it says how many those were. The pool's end waits for it a moment; then what
   * still waits is dropped and counted, too, and if the appender goes on some day the thread says so and ends. What a worker sends may be anything: a record that is none is dropped, and names of
   * loggers are looked at by `WorkerLoggers`.
   */
  private static final Logger LOG = LoggerFactory.getLogger(WorkerLogs.class);
  private static final int MAX_RECORDS = 10_000;
  private static final long MAX_BYTES = 16L << 20;
  private static final long CLOSE_MILLIS = 1_000;
  private static final String PROVIDER_FLAG = "-Dslf4j.provider=";
  private static final Level[] LEVELS = {
    Level.TRACE, Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR
  };

  private final String pool;
  private final int level;
  private final AtomicLong waitingBytes = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private final @Nullable ThreadPoolExecutor thread;

  WorkerLogs(PoolOptions options) {
    this.pool = options.name();
    this.level = switch (options.workerLogs()) {
      case OFF -> 0;
      case ALL, TRACE -> 1;
      case DEBUG -> 2;
      case INFO -> 3;
      case WARNING -> 4;
      case ERROR -> 5;
    };
    this.thread = level == 0
        ? null
        : new ThreadPoolExecutor(
            1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(MAX_RECORDS), runnable -> {
              Thread made = new Thread(runnable, options.name() + "-logs");
              made.setDaemon(true);
              return made;
            });
    if (thread != null) {
      thread.allowCoreThreadTimeOut(true);
    }
  }

  /** Refuses what cannot be. */
  static void check(PoolOptions options) {
    if (options.workerLogs() == System.Logger.Level.OFF) {
      return;
    }
    for (String flag : options.jvmArgs()) {
      if (flag.startsWith(PROVIDER_FLAG)) {
        throw new IllegalArgumentException("workerLogs=" + options.workerLogs()
            + " cannot be honoured with the JVM flag " + flag
            + ", because workers have one provider of SLF4J; leave one of them out");
      }
    }
  }

  /** Returns from which level on workers send what they log; zero: nothing. */
  int level() {
    return level;
  }

  /** Takes a record; does not block. */
  void accept(String worker, long pid, ByteBuffer record) {
    int bytes = record.remaining();
    if (thread == null) {
      return; // nobody asked for it
    }
    if (waitingBytes.addAndGet(bytes) > MAX_BYTES) {
      drop(bytes);
      return;
    }
    try {
      thread.execute(() -> {
        waitingBytes.addAndGet(-bytes);
        log(worker, pid, record);
        sayWhatWasDropped();
      });
    } catch (RejectedExecutionException fullOrClosed) {
      drop(bytes);
    }
  }

  private void drop(int bytes) {
    waitingBytes.addAndGet(-bytes);
    dropped.incrementAndGet();
  }

  private void log(String worker, long pid, ByteBuffer bytes) {
    try {
      byte[] array = new byte[bytes.remaining()];
      bytes.get(array);
      LogRecord record = LogRecord.read(array);
      Logger known = WorkerLoggers.SHARED.get(record.logger());
      Logger logger = known == null ? LOG : known;
      Level recordLevel = LEVELS[Math.max(1, Math.min(LEVELS.length, record.level())) - 1];
      Map<String, String> context = context(worker, pid, record);
      if (known == null) {
        context.put("procpool.logger", record.logger());
      }
      MDC.setContextMap(context); // filters may ask whose it is
      if (logger.isEnabledForLevel(recordLevel)) {
        LoggingEventBuilder event = logger.atLevel(recordLevel);
        record
            .markers()
            .forEach(marker -> event.addMarker(MarkerFactory.getDetachedMarker(marker)));
        event.setCause(LoggedFailure.of(record.failures())).log(record.message());
      }
    } catch (IOException | RuntimeException | StackOverflowError failed) {
      dropped.incrementAndGet();
      LOG.debug("{}/{}: a log record is dropped", pool, worker, failed);
    } finally {
      MDC.clear();
    }
  }

  /** What the record has of a pool in its worker is closer to where it comes from. */
  private Map<String, String> context(String worker, long pid, LogRecord record) {
    Map<String, String> context = new HashMap<>(record.context());
    if (context.putIfAbsent("procpool.pool", pool) == null) {
      context.put("procpool.worker", worker);
      context.put("procpool.pid", Long.toString(pid));
      context.put("procpool.thread", record.thread());
      context.put("procpool.time", Instant.ofEpochMilli(record.epochMillis()).toString());
      if (record.taskId() > 0) {
        context.put("procpool.task", Long.toString(record.taskId()));
      }
    }
    return context;
  }

  private void sayWhatWasDropped() {
    if (dropped.get() > 0 && thread != null && thread.getQueue().size() < MAX_RECORDS / 2) {
      LOG.warn(
          "{}: {} log records of workers were dropped, because the logging of this process does not keep up, or does not take them",
          pool,
          dropped.getAndSet(0));
    }
  }

  /** Waits a moment for what has been taken; the rest is dropped. The thread, which may be in an appender for ever, is left behind. */
  @Override
  public void close() {
    if (thread == null) {
      return;
    }
    thread.shutdown();
    boolean through = false;
    try {
      through = thread.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException stray) {
      Thread.currentThread().interrupt();
    }
    if (!through) {
      dropped.addAndGet(thread.getQueue().drainTo(new ArrayList<>()));
    }
  }
}
