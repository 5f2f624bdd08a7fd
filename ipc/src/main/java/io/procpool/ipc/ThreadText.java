// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.lang.management.LockInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.MonitorInfo;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;

/** Describes threads of this process as text. Loads what the JDK needs for it, so only on demand. Safe for use by multiple threads. */
public final class ThreadText {
  /*
   * Memory. Who asks may be in a process with a small heap that is nearly full and has ten thousand threads, and must not be what fills it: threads are asked for in parts, with a bounded
   *         number of frames, and the text takes a part of what is free at most. The oldest threads come first, because those of this library are among them.
   * Price.  Which locks of java.util.concurrent a thread holds the JVM finds by looking through the whole heap, so with many threads it is not asked; whom a thread waits for it knows without.
   */
  private static final int MOST_FRAMES = 256;
  private static final int MOST_CHARACTERS = 4 << 20;
  private static final int FEWEST_CHARACTERS = 64 << 10;
  private static final int MOST_NAME_CHARACTERS = 512;
  private static final int MOST_DEADLOCKED = 100;
  private static final int PART = 250;
  private static final int FEW = 1_000;

  private ThreadText() {}

  /** Returns all platform threads of this process, with the locks they hold, and a note of those that wait for each other for ever. */
  public static String ofAll() {
    ThreadMXBean bean = ManagementFactory.getThreadMXBean();
    long[] ids = bean.getAllThreadIds();
    Arrays.sort(ids);
    return text(bean, ids);
  }

  /** Returns one thread of this process; nothing if it has ended. */
  public static String of(Thread thread) {
    ThreadMXBean bean = ManagementFactory.getThreadMXBean();
    @SuppressWarnings("deprecation") // threadId() is not there before Java 19
    long[] id = {thread.getId()};
    return text(bean, id);
  }

  private static String text(ThreadMXBean bean, long[] ids) {
    StringBuilder text = new StringBuilder();
    boolean locks = bean.isSynchronizerUsageSupported() && ids.length <= FEW;
    int most = mostCharacters();
    int done = 0;
    while (done < ids.length && text.length() < most) {
      long[] part = Arrays.copyOfRange(ids, done, Math.min(ids.length, done + PART));
      for (ThreadInfo thread :
          bean.getThreadInfo(part, bean.isObjectMonitorUsageSupported(), locks, MOST_FRAMES)) {
        if (text.length() >= most) {
          break;
        }
        if (thread != null) {
          describe(thread, text);
        }
        done++;
      }
    }
    if (done < ids.length) {
      text.append(ids.length - done)
          .append(
              " further threads, the youngest, are left out, because there is no room for them\n");
    }
    if (ids.length > FEW) {
      text.append(
              "which locks of java.util.concurrent a thread holds is left out, because there are ")
          .append(ids.length)
          .append(" threads\n");
    }
    appendDeadlock(bean, text);
    return text.toString();
  }

  /** Returns how long a text may be: with its copies it takes half of the heap that is free at most. */
  private static int mostCharacters() {
    Runtime runtime = Runtime.getRuntime();
    long free = runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
    return (int) Math.max(FEWEST_CHARACTERS, Math.min(MOST_CHARACTERS, free / 8));
  }

  private static void appendDeadlock(ThreadMXBean bean, StringBuilder text) {
    long[] deadlocked = bean.findDeadlockedThreads();
    if (deadlocked == null) {
      return;
    }
    text.append("deadlock of ").append(deadlocked.length).append(" threads:");
    long[] shown = Arrays.copyOf(deadlocked, Math.min(deadlocked.length, MOST_DEADLOCKED));
    for (ThreadInfo thread : bean.getThreadInfo(shown)) {
      if (thread != null) {
        text.append(" \"").append(name(thread.getThreadName())).append('"');
      }
    }
    text.append(shown.length < deadlocked.length ? " ...\n" : "\n");
  }

  private static String name(String name) {
    return name.length() <= MOST_NAME_CHARACTERS
        ? name
        : name.substring(0, MOST_NAME_CHARACTERS) + "...";
  }

  private static void describe(ThreadInfo thread, StringBuilder text) {
    text.append('"')
        .append(name(thread.getThreadName()))
        .append("\" ")
        .append(thread.getThreadState());
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
          text.append(", held by \"").append(name(thread.getLockOwnerName())).append('"');
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
