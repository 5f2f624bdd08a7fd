// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.MonitorInfo;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;

/** Describes threads of this process as text. Loads what the JDK needs for it, so only on demand. Safe for use by multiple threads. */
public final class ThreadText {
  private static final int MOST_FRAMES = 256;
  private static final int MOST_CHARACTERS = 4 << 20;

  private ThreadText() {}

  /** Returns all platform threads of this process, with the locks they hold, and a note of those that wait for each other for ever. */
  public static String ofAll() {
    ThreadMXBean bean = ManagementFactory.getThreadMXBean();
    return text(
        bean,
        bean.dumpAllThreads(
            bean.isObjectMonitorUsageSupported(), bean.isSynchronizerUsageSupported()));
  }

  /** Returns one thread of this process; nothing if it has ended. */
  public static String of(Thread thread) {
    ThreadMXBean bean = ManagementFactory.getThreadMXBean();
    @SuppressWarnings("deprecation") // threadId() is not there before Java 19
    long[] id = {thread.getId()};
    return text(
        bean,
        bean.getThreadInfo(
            id, bean.isObjectMonitorUsageSupported(), bean.isSynchronizerUsageSupported()));
  }

  private static String text(ThreadMXBean bean, ThreadInfo[] threads) {
    StringBuilder text = new StringBuilder();
    int left = threads.length;
    for (ThreadInfo thread : threads) {
      if (text.length() > MOST_CHARACTERS) {
        text.append(left).append(" further threads are left out\n");
        break;
      }
      left--;
      if (thread != null) {
        describe(thread, text);
      }
    }
    long[] deadlocked = bean.findDeadlockedThreads();
    if (deadlocked != null) {
      text.append("deadlock of ").append(deadlocked.length).append(" threads:");
      for (ThreadInfo thread : bean.getThreadInfo(deadlocked)) {
        if (thread != null) {
          text.append(" \"").append(thread.getThreadName()).append('"');
        }
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static void describe(ThreadInfo thread, StringBuilder text) {
    text.append('"').append(thread.getThreadName()).append("\" ").append(thread.getThreadState());
    if (thread.isDaemon()) {
      text.append(" daemon");
    }
    text.append('\n');
    StackTraceElement[] frames = thread.getStackTrace();
    for (int i = 0; i < Math.min(MOST_FRAMES, frames.length); i++) {
      text.append("    at ").append(frames[i]).append('\n');
      if (i == 0 && thread.getLockInfo() != null) {
        text.append("    - waits for ").append(thread.getLockInfo());
        if (thread.getLockOwnerName() != null) {
          text.append(", held by \"").append(thread.getLockOwnerName()).append('"');
        }
        text.append('\n');
      }
      for (MonitorInfo monitor : thread.getLockedMonitors()) {
        if (monitor.getLockedStackDepth() == i) {
          text.append("    - holds ").append(monitor).append('\n');
        }
      }
    }
    for (LockInfo held : thread.getLockedSynchronizers()) {
      text.append("    - holds ").append(held).append('\n');
    }
    text.append('\n');
  }
}
