// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * When a worker process is replaced by a new one although nothing is wrong with it: tasks may leak. Several limits may be set; the one that is reached first
 * counts. A worker is replaced between two tasks only, never during one; its {@linkplain PoolOptions.Builder#finalizer finalizer} is run. Where the memory allows
 * it, the new worker is started before the old one goes.
 *
 * <pre>
 * RecyclePolicy.never().maxTasks(1000).maxAge(Duration.ofHours(1))
 * </pre>
 *
 * Immutable; safe for use by multiple threads.
 */
public final class RecyclePolicy {
  private static final RecyclePolicy NEVER = new RecyclePolicy(new Limits());
  private static final double DEFAULT_AGE_JITTER = 0.1;
  private static final Duration LEAST_AGE = Duration.ofMillis(100);
  private static final long LEAST_HEAP_BYTES = 1 << 20;

  /** Zero where there is no limit. Not changed once it is in use. */
  private static final class Limits {
    int maxTasks;
    Duration maxAge = Duration.ZERO;
    double ageJitter = DEFAULT_AGE_JITTER;
    long maxRssBytes;
    long maxHeapBytesAfterGc;

    Limits copy() {
      Limits copy = new Limits();
      copy.maxTasks = maxTasks;
      copy.maxAge = maxAge;
      copy.ageJitter = ageJitter;
      copy.maxRssBytes = maxRssBytes;
      copy.maxHeapBytesAfterGc = maxHeapBytesAfterGc;
      return copy;
    }
  }

  private final Limits limits;

  private RecyclePolicy(Limits limits) {
    this.limits = limits;
  }

  /** Returns the policy that has no limit: a worker lives as long as its pool needs it. */
  public static RecyclePolicy never() {
    return NEVER;
  }

  private RecyclePolicy with(Consumer<Limits> change) {
    Limits changed = limits.copy();
    change.accept(changed);
    return new RecyclePolicy(changed);
  }

  /** Returns this policy with a number of tasks after which a worker is replaced, 1 or more; it never begins a further one. Inputs of a map count one each. */
  public RecyclePolicy maxTasks(int maxTasks) {
    int checked = OptionChecks.inRange("maxTasks", maxTasks, 1, Integer.MAX_VALUE);
    return with(changed -> changed.maxTasks = checked);
  }

  /**
   * Returns this policy with a time after which a worker is replaced, 100 milliseconds or more, from when it was ready; a little less by chance, see {@link #ageJitter}. Idle workers are
   * replaced as well.
   */
  public RecyclePolicy maxAge(Duration maxAge) {
    Duration checked = OptionChecks.positive("maxAge", maxAge);
    if (checked.compareTo(LEAST_AGE) < 0) {
      throw new IllegalArgumentException("maxAge: " + checked + " (expected: " + LEAST_AGE
          + " or more, as each worker is a JVM to start)");
    }
    return with(changed -> changed.maxAge = checked);
  }

  /**
   * Returns this policy with another part of the age that is left to chance, 0 to 1, so that workers which were started together are not replaced together: with 0.25, a
   * worker is replaced at 75 to 100 % of {@link #maxAge}. The default is 0.1.
   */
  public RecyclePolicy ageJitter(double ageJitter) {
    if (!(ageJitter >= 0 && ageJitter <= 1)) {
      throw new IllegalArgumentException("ageJitter: " + ageJitter + " (expected: 0 to 1)");
    }
    return with(changed -> changed.ageJitter = ageJitter);
  }

  /**
   * Returns this policy with a resident memory in bytes above which a worker is replaced, 16 MiB or more. It is looked at several times a second, also while
   * a task runs, which it does not end. A worker that has run nothing stays. Refused where the system does not tell the memory of processes.
   */
  public RecyclePolicy maxRssBytes(long maxRssBytes) {
    long checked = atLeast(OptionChecks.LEAST_RSS_BYTES, "maxRssBytes", maxRssBytes);
    return with(changed -> changed.maxRssBytes = checked);
  }

  /**
   * Returns this policy with a size in bytes of what is left in the heap after a collection above which a worker is replaced, 1 MiB or more. It is looked at after each task;
   * a worker that seems to be above collects all garbage first, to be sure.
   */
  public RecyclePolicy maxHeapBytesAfterGc(long maxHeapBytesAfterGc) {
    long checked = atLeast(LEAST_HEAP_BYTES, "maxHeapBytesAfterGc", maxHeapBytesAfterGc);
    return with(changed -> changed.maxHeapBytesAfterGc = checked);
  }

  private static long atLeast(long least, String option, long bytes) {
    if (bytes < least) {
      throw new IllegalArgumentException(
          option + ": " + bytes + " (expected: " + least + " or more)");
    }
    return bytes;
  }

  /** Returns the number of tasks after which a worker is replaced; zero means no limit. */
  public int maxTasks() {
    return limits.maxTasks;
  }

  /** Returns the time after which a worker is replaced; zero means no limit. */
  public Duration maxAge() {
    return limits.maxAge;
  }

  /** Returns the part of the age that is left to chance. */
  public double ageJitter() {
    return limits.ageJitter;
  }

  /** Returns the resident memory in bytes above which a worker is replaced; zero means no limit. */
  public long maxRssBytes() {
    return limits.maxRssBytes;
  }

  /** Returns the size in bytes of the heap after a collection above which a worker is replaced; zero means no limit. */
  public long maxHeapBytesAfterGc() {
    return limits.maxHeapBytesAfterGc;
  }

  /** Tells whether there is no limit. */
  public boolean isNever() {
    return limits.maxTasks == 0
        && limits.maxAge.isZero()
        && limits.maxRssBytes == 0
        && limits.maxHeapBytesAfterGc == 0;
  }

  @Override
  public String toString() {
    return "RecyclePolicy[maxTasks=" + maxTasks() + ", maxAge=" + maxAge() + ", maxRssBytes="
        + maxRssBytes() + ", maxHeapBytesAfterGc=" + maxHeapBytesAfterGc() + "]";
  }
}
