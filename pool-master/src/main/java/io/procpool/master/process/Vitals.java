// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.master.launch.KernelKills;
import java.util.Collection;
import java.util.concurrent.TimeUnit;

/** Looks now and then at workers that are at a task for long, so that something is known when they die. Event loop only. */
final class Vitals {
  /*
   * Price.  Of workers with short tasks nothing is read. One that is at a unit for long is looked at four times a second, which takes some 20 µs.
   * Kernel. What the out-of-memory killer has killed counts for a death if it has come since the last look but one: the last may have come between the kill and the moment in which it
   *         was noticed.
   */
  private static final long LOOK_MILLIS = 50;
  private static final long LONG_NANOS = 50_000_000;
  private static final long INTERVAL_NANOS = 250_000_000;

  private final EventLoop loop;
  private final Collection<Worker> workers;
  private final KernelKills kernel = KernelKills.ofThisSystem();
  private KernelKills.Count earlier = kernel.count();
  private KernelKills.Count last = earlier;
  private long counted;
  private boolean scheduled;

  Vitals(EventLoop loop, Collection<Worker> workers) {
    this.loop = loop;
    this.workers = workers;
  }

  /** Looks as long as workers have units. */
  void watch() {
    if (!scheduled) {
      scheduled = true;
      loop.schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void look() {
    scheduled = false;
    long now = System.nanoTime();
    for (Worker worker : workers) {
      if (!worker.units.isEmpty()) {
        watch();
        if (now - worker.headSinceNanos >= LONG_NANOS && now - worker.rssNanos >= INTERVAL_NANOS) {
          worker.lookAtRss();
          count(now);
        }
      }
    }
  }

  private void count(long now) {
    if (now - counted >= INTERVAL_NANOS) {
      counted = now;
      earlier = last;
      last = kernel.count();
    }
  }

  /** Says what the kernel's count tells of a SIGKILL that has just been noticed. */
  Kernel kernel() {
    KernelKills.Count now = kernel.count();
    Kernel verdict = now.isInGroupSince(earlier)
        ? new Kernel(
            true,
            "the kernel's out-of-memory killer: it has killed "
                + (now.group() - earlier.group()) + " of this control group ("
                + kernel.groupSource() + ": oom_kill " + earlier.group() + " -> " + now.group()
                + ")")
        : now.isAnywhereSince(earlier)
            ? new Kernel(
                false,
                "the kernel's out-of-memory killer, which has just killed "
                    + (now.machine() - earlier.machine())
                    + " on this machine (/proc/vmstat: oom_kill "
                    + earlier.machine() + " -> " + now.machine() + ")")
            : new Kernel(false, "");
    earlier = now;
    last = now;
    return verdict;
  }

  /**
   * What the kernel's count tells.
   *
   * @param certain whether it was its out-of-memory killer
   * @param text what there is to be said; empty for nothing
   */
  record Kernel(boolean certain, String text) {}
}
