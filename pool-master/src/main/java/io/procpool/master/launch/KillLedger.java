// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Decides whether it was the kernel's out-of-memory killer that ended a process of this one. Not safe for use by multiple threads. */
public final class KillLedger {
  /*
   * Since.  Of a process that was seen alive and well after a count, the kill can only be among those that came after it; a process that is killed may take seconds to be gone, so no time bounds
   *         them. The count is risen a moment before the process gets the signal: so it is the look before the last one that counts.
   * Unseen. One that was too short to be looked at has the last count but one of all. If that is old, a kill since then may have been another's, and is no more than a hint.
   * Once.   A kill explains one death: what has explained one does not explain the next.
   */
  private static final long INTERVAL_NANOS = 250_000_000;
  private static final long RECENT_NANOS = 1_000_000_000;
  private static final int MOST_UNEXPLAINED = 1_000;

  private final KernelKills kernel;
  private final LongSupplier nanoTime;
  private final ArrayDeque<Long> unexplained =
      new ArrayDeque<>(); // the numbers of the counts that found them
  private long counts;
  private KernelKills.Count latest;
  private Mark last;
  private Mark before;

  /** Begins with what the kernel has killed so far. */
  public KillLedger() {
    this(KernelKills.ofThisSystem(), System::nanoTime);
  }

  KillLedger(KernelKills kernel, LongSupplier nanoTime) {
    this.kernel = kernel;
    this.nanoTime = nanoTime;
    this.latest = kernel.count();
    this.last = new Mark(0, latest, nanoTime.getAsLong());
    this.before = last;
  }

  /**
   * What had been killed at a time.
   *
   * @param number of the count
   */
  public record Mark(long number, KernelKills.Count count, long nanos) {}

  /**
   * What the counts tell of a death.
   *
   * @param certain whether it was the kernel's killer
   * @param text what there is to be said; empty for nothing
   */
  public record Verdict(boolean certain, String text) {}

  /** Returns what has been killed so far; looks four times a second at most. */
  public Mark mark() {
    long now = nanoTime.getAsLong();
    if (now - last.nanos >= INTERVAL_NANOS) {
      count();
      before = last;
      last = new Mark(counts, latest, now);
    }
    return last;
  }

  private void count() {
    counts++;
    KernelKills.Count now = kernel.count();
    long found = latest.group() < 0 ? 0 : now.group() - latest.group();
    for (long i = Math.min(found, MOST_UNEXPLAINED); i > 0; i--) {
      unexplained.addLast(counts);
    }
    while (unexplained.size() > MOST_UNEXPLAINED) {
      unexplained.removeFirst();
    }
    latest = now;
  }

  /**
   * Judges a SIGKILL of which it is not known who has sent it.
   *
   * @param well the mark before the last at which the process was alive and well; null if it was never looked at
   */
  public Verdict judge(@Nullable Mark well) {
    count();
    Mark since = well != null ? well : before;
    long seconds = (nanoTime.getAsLong() - since.nanos) / 1_000_000_000;
    boolean certain = well != null || nanoTime.getAsLong() - since.nanos <= RECENT_NANOS;
    long inGroup = latest.group() - since.count.group();
    if (explain(since.number, certain)) {
      return new Verdict(
          certain,
          "the kernel's out-of-memory killer"
              + (certain ? ": it" : ", which")
              + " has killed " + inGroup + " of this control group"
              + (certain ? "" : " in the last " + seconds + " s")
              + " (" + kernel.groupSource() + ": oom_kill " + since.count.group() + " -> "
              + latest.group() + ")");
    }
    long onMachine = since.count.machine() < 0 ? 0 : latest.machine() - since.count.machine();
    if (onMachine > Math.max(0, inGroup)) {
      return new Verdict(
          false,
          "the kernel's out-of-memory killer, which has just killed " + onMachine
              + " on this machine (/proc/vmstat: oom_kill " + since.count.machine() + " -> "
              + latest.machine() + ")");
    }
    return new Verdict(false, "");
  }

  /** Finds a kill after a count that has not explained anything yet, the oldest; if it is certain, it explains nothing else from now on. */
  private boolean explain(long after, boolean certain) {
    for (Iterator<Long> kills = unexplained.iterator(); kills.hasNext(); ) {
      if (kills.next() > after) {
        if (certain) {
          kills.remove();
        }
        return true;
      }
    }
    return false;
  }
}
