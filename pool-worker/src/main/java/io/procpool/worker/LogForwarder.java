// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.RingChannel;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.LogRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Sends what user code logs to the master. Loaded only if that is wanted. Safe for use by multiple threads. */
public final class LogForwarder {
  /*
   * Order.    A record is written into the ring by the thread that logs, before the call returns: so it comes before the result of its task, and the master
   *           finds it there when this process has died. If the ring is full that thread waits, as with any output; the master empties it without looking
   *           at what it is.
   * Wake.     A thread of the user may be interrupted at any time, which would close the socket in the middle of waking the master. So a thread of ours, which
   *           nobody can interrupt, does that.
   * Bound.    A record is cut to what the master takes: mostly to 100 KiB, with traces of long names to less than 4 MiB.
   */
  /** The level of trace; the others follow: debug, info, warning, error. */
  public static final int TRACE = 1;

  private static final String PROVIDER_PROPERTY = "slf4j.provider";
  private static final String VERBOSITY_PROPERTY = "slf4j.internal.verbosity";
  private static final String PROVIDER = "io.procpool.worker.slf4j.ForwardingProvider";
  private static final int LONGEST_MESSAGE = 32 * 1024;
  private static final int LONGEST_NAME = 512;

  private static volatile @Nullable LogForwarder instance;

  private final int threshold;
  private final FrameWriter writer;
  private final RingChannel rings;
  private final UnitRunner runner;
  private final Waker waker = new Waker();

  private LogForwarder(int threshold, FrameWriter writer, RingChannel rings, UnitRunner runner) {
    this.threshold = threshold;
    this.writer = writer;
    this.rings = rings;
    this.runner = runner;
  }

  /** Begins: what is logged through SLF4J, java.util.logging or System.Logger from now on goes to the master. */
  static void start(int threshold, FrameWriter writer, RingChannel rings, UnitRunner runner) {
    LogForwarder forwarder = new LogForwarder(threshold, writer, rings, runner);
    instance = forwarder;
    forwarder.waker.start();
    System.setProperty(PROVIDER_PROPERTY, PROVIDER);
    if (System.getProperty(VERBOSITY_PROPERTY) == null) {
      System.setProperty(
          VERBOSITY_PROPERTY, "WARN"); // else SLF4J says on standard error what it loads
    }
    try {
      JulForwarder.install(threshold);
    } catch (NoClassDefFoundError noSuchModule) {
      // A JVM made without java.logging.
    }
  }

  /** Tells whether records of a level are wanted. */
  public static boolean isEnabled(int level) {
    LogForwarder forwarder = instance;
    return forwarder != null && level >= forwarder.threshold;
  }

  /** Sends a record of this thread, if its level is wanted. What is too long is cut. */
  public static void log(
      int level,
      long epochMillis,
      String logger,
      @Nullable String message,
      List<String> markers,
      Map<String, String> context,
      @Nullable Throwable thrown) {
    LogForwarder forwarder = instance;
    if (forwarder != null && level >= forwarder.threshold) {
      forwarder.send(new LogRecord(
          level,
          forwarder.runner.runningTaskId(),
          epochMillis,
          cut(logger, LONGEST_NAME),
          cut(Thread.currentThread().getName(), LONGEST_NAME),
          cut(String.valueOf(message), LONGEST_MESSAGE),
          cut(markers),
          cut(context),
          failures(thrown)));
    }
  }

  private void send(LogRecord record) {
    ByteBuffer payload = ByteBuffer.wrap(record.encode());
    try {
      synchronized (writer) {
        rings.wakeThrough(waker::wake);
        try {
          writer.write(new FromWorker.Log(), payload);
        } finally {
          rings.wakeThrough(null);
        }
      }
    } catch (IOException masterGone) {
      // The watcher finds out, too, and ends this process.
    }
  }

  private static String cut(String text, int longest) {
    return text.length() <= longest
        ? text
        : text.substring(0, longest) + "... (" + (text.length() - longest) + " more characters)";
  }

  private static List<String> cut(List<String> markers) {
    return markers.stream()
        .limit(LogRecord.MAX_ENTRIES)
        .map(marker -> cut(marker, LONGEST_NAME))
        .toList();
  }

  private static Map<String, String> cut(Map<String, String> context) {
    if (context.isEmpty()) {
      return Map.of();
    }
    Map<String, String> kept = new LinkedHashMap<>();
    for (Map.Entry<String, String> entry : context.entrySet()) {
      if (kept.size() < LogRecord.MAX_ENTRIES
          && entry.getKey() != null
          && entry.getValue() != null) {
        kept.put(cut(entry.getKey(), LONGEST_NAME), cut(entry.getValue(), LONGEST_NAME));
      }
    }
    return kept;
  }

  private static List<LogRecord.Failure> failures(@Nullable Throwable thrown) {
    List<LogRecord.Failure> failures = new ArrayList<>();
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable each = thrown;
        each != null && failures.size() < LogRecord.MAX_FAILURES && seen.add(each);
        each = each.getCause()) {
      List<LogRecord.Frame> frames = new ArrayList<>();
      StackTraceElement[] trace = each.getStackTrace();
      for (int i = 0; i < Math.min(LogRecord.MAX_FRAMES, trace.length); i++) {
        String file = trace[i].getFileName();
        frames.add(new LogRecord.Frame(
            cut(trace[i].getClassName(), LONGEST_NAME),
            cut(trace[i].getMethodName(), LONGEST_NAME),
            file == null ? "" : cut(file, LONGEST_NAME),
            trace[i].getLineNumber()));
      }
      failures.add(new LogRecord.Failure(cut(textOf(each), LONGEST_NAME), frames));
    }
    return failures;
  }

  private static String textOf(Throwable thrown) {
    try {
      return String.valueOf(thrown);
    } catch (RuntimeException unprintable) {
      return thrown.getClass().getName();
    }
  }

  /** Wakes the master for threads that may be interrupted. */
  private final class Waker extends Thread {
    private volatile boolean wanted;

    Waker() {
      super(null, null, "procpool-log-waker", 256 * 1024);
      setDaemon(true);
    }

    void wake() {
      wanted = true;
      LockSupport.unpark(this);
    }

    @Override
    public void run() {
      try {
        while (true) {
          if (wanted) {
            wanted = false;
            rings.wake();
          } else {
            LockSupport.park();
          }
        }
      } catch (IOException masterGone) {
        // The watcher finds out, too.
      }
    }

    @Override
    public void interrupt() {
      // It would close the socket.
    }
  }
}
