// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Looks after the threads of this process that have been waiting for long. Safe for use by multiple threads. */
final class Watcher implements Runnable {
  /*
   * One daemon thread looks every SLICE_NANOS, or as often as the waiter wants it, at what each of them waits for, instead of each of them; it wakes those that have a
   * reason to look, such as the death of a process, or an interrupt that has not woken them. It also writes down who waits for what, for deadlock reports. It ends
   * when there has been nobody for IDLE_NANOS.
   */
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final Set<Waiting> WAITING = new LinkedHashSet<>(); // guarded by itself
  private static boolean running; // guarded by WAITING

  private final WaitReport report = new WaitReport();

  private Watcher() {}

  /** Begins to look after a thread, if this process can have another thread; tells whether that is so. */
  static boolean watch(Waiting waiting) {
    synchronized (WAITING) {
      if (!running) {
        Thread thread = new Thread(new Watcher(), "procpool-watcher");
        thread.setDaemon(true);
        try {
          thread.start();
        } catch (OutOfMemoryError noThread) {
          return false;
        }
        running = true;
      }
      return WAITING.add(waiting);
    }
  }

  /** Ends that. */
  static void forget(Waiting waiting) {
    synchronized (WAITING) {
      WAITING.remove(waiting);
    }
  }

  @Override
  public void run() {
    long lastSeen = System.nanoTime();
    long lastLook = lastSeen - Waiting.SLICE_NANOS;
    while (true) {
      List<Waiting> now;
      synchronized (WAITING) {
        now = new ArrayList<>(WAITING);
        if (now.isEmpty() && System.nanoTime() - lastSeen > IDLE_NANOS) {
          running = false;
          return;
        }
      }
      long time = System.nanoTime();
      lastSeen = now.isEmpty() ? lastSeen : time;
      boolean all = time - lastLook >= Waiting.SLICE_NANOS;
      lastLook = all ? time : lastLook;
      long watchNanos = Waiting.SLICE_NANOS;
      try {
        look(now, all);
        watchNanos = now.isEmpty() ? watchNanos : WordWaiter.installed().watchNanos();
      } catch (RuntimeException e) {
        // Whatever could not be looked at now: the next round tries again.
      }
      try {
        TimeUnit.NANOSECONDS.sleep(watchNanos);
      } catch (InterruptedException stray) {
        // Nobody here interrupts this thread.
      }
    }
  }

  private void look(List<Waiting> waiting, boolean all) {
    for (Waiting each : waiting) {
      if (all ? each.isDue() || each.isInterrupted() : each.hasChanged()) {
        each.wake();
      }
    }
    if (all) {
      report.write(waiting);
    }
  }
}
