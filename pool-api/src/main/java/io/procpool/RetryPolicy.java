// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * How often a task is run again that had begun and was not let end: its worker died, or it was over one of its limits. Such a task may have had any part of its effects, or all of them, so a task with
 * retries should do no harm when it is run twice. Without a policy no task is run twice.
 *
 * <p>What a task throws itself is its outcome and no reason to run it again; a task that never started is run without being asked for. Of a map only the input that failed is run again. At most one attempt of
 * a task runs at a time: the next one begins after the process of the last one has ended, or has said that the attempt is over.
 *
 * <pre>
 * TaskOptions.defaults().retries(RetryPolicy.of(3).except(Cause.TIMEOUT))
 * </pre>
 *
 * By default all causes count, since the failure may be due to what others have left in the worker or take of the machine. The first retry comes after 100 ms, or after a second if it was
 * memory that ran out, and each further one after twice that time, at most 10 s, all of them up to a fifth earlier by chance. Immutable; safe for use by multiple threads.
 */
public final class RetryPolicy {
  /** The most retries that a task may have. */
  public static final int MAX_RETRIES = 1000;

  /** Why an attempt has failed. */
  public enum Cause {
    /** Its worker ended, by whatever means that none of the others names. */
    CRASH,
    /** Its worker ran out of memory or threads: {@link WorkerCrashedException.Reason#isOutOfMemory()}. */
    OUT_OF_MEMORY,
    /** It was over its run timeout. */
    TIMEOUT,
    /** It was over its stall timeout. */
    STALL,
    /** It was over a limit of memory: {@link MemoryLimitException}. */
    MEMORY_LIMIT,
    /** It had ended when its worker died, but its value had not arrived. */
    RESULT_LOST
  }

  /**
   * How long it takes until a task is run again.
   *
   * @param initial before the first retry, zero or more
   * @param factor by which each further time is longer, 1 to 100
   * @param max the longest time, not below {@code initial}
   * @param jitter the part of each time that is left to chance, 0 to 1: with 0.25 it is 75 to 100 % of what it would be
   */
  public record BackOff(Duration initial, double factor, Duration max, double jitter) {
    private static final double MAX_FACTOR = 100;

    /** Checks the values. */
    public BackOff {
      OptionChecks.nonNegative("initial", initial);
      OptionChecks.nonNegative("max", max);
      if (!(factor >= 1 && factor <= MAX_FACTOR)) {
        throw new IllegalArgumentException("factor: " + factor + " (expected: 1 to 100)");
      }
      if (max.compareTo(initial) < 0) {
        throw new IllegalArgumentException(
            "max=" + max + " is below initial=" + initial + "; lower initial or raise max");
      }
      if (!(jitter >= 0 && jitter <= 1)) {
        throw new IllegalArgumentException("jitter: " + jitter + " (expected: 0 to 1)");
      }
    }

    /** Returns the same time before each retry. */
    public static BackOff fixed(Duration delay) {
      return new BackOff(delay, 1, delay, 0);
    }

    /**
     * Returns how long to wait.
     *
     * @param retry number of the retry that follows, 1 for the first
     * @param chance at least 0 and below 1
     */
    public Duration delay(int retry, double chance) {
      double nanos = Math.min(max.toNanos(), initial.toNanos() * Math.pow(factor, retry - 1));
      return Duration.ofNanos((long) (nanos * (1 - jitter * chance)));
    }
  }

  private static final BackOff USUAL =
      new BackOff(Duration.ofMillis(100), 2, Duration.ofSeconds(10), 0.2);
  private static final BackOff FOR_MEMORY =
      new BackOff(Duration.ofSeconds(1), 2, Duration.ofSeconds(10), 0.2);
  private static final RetryPolicy NONE =
      new RetryPolicy(0, EnumSet.allOf(Cause.class), usualBackOffs());

  private final int retries;
  private final EnumSet<Cause> causes; // not changed
  private final Map<Cause, BackOff> backOffs; // of all causes; not changed

  private RetryPolicy(int retries, EnumSet<Cause> causes, Map<Cause, BackOff> backOffs) {
    this.retries = retries;
    this.causes = causes;
    this.backOffs = backOffs;
  }

  private static Map<Cause, BackOff> usualBackOffs() {
    Map<Cause, BackOff> backOffs = new EnumMap<>(Cause.class);
    for (Cause cause : Cause.values()) {
      boolean memory = cause == Cause.OUT_OF_MEMORY || cause == Cause.MEMORY_LIMIT;
      backOffs.put(cause, memory ? FOR_MEMORY : USUAL);
    }
    return backOffs;
  }

  /** Returns the policy that never runs a task again, whatever the pool's defaults say. */
  public static RetryPolicy none() {
    return NONE;
  }

  /**
   * Returns the policy of at most so many retries, so that a task has one attempt more.
   *
   * @param retries 0 to {@value #MAX_RETRIES}
   */
  public static RetryPolicy of(int retries) {
    int checked = OptionChecks.inRange("retries", retries, 0, MAX_RETRIES);
    return new RetryPolicy(checked, NONE.causes, NONE.backOffs);
  }

  /** Returns this policy for these causes only. */
  public RetryPolicy on(Cause first, Cause... others) {
    return new RetryPolicy(retries, EnumSet.of(first, others), backOffs);
  }

  /** Returns this policy without these causes. */
  public RetryPolicy except(Cause first, Cause... others) {
    EnumSet<Cause> rest = EnumSet.copyOf(causes);
    rest.remove(first);
    rest.removeAll(Arrays.asList(others));
    return new RetryPolicy(retries, rest, backOffs);
  }

  /** Returns this policy with another back-off for all causes. */
  public RetryPolicy backOff(BackOff backOff) {
    Map<Cause, BackOff> changed = new EnumMap<>(backOffs);
    changed.replaceAll((cause, before) -> backOff);
    return new RetryPolicy(retries, causes, changed);
  }

  /** Returns this policy with another back-off for one cause. */
  public RetryPolicy backOff(Cause cause, BackOff backOff) {
    Map<Cause, BackOff> changed = new EnumMap<>(backOffs);
    changed.put(cause, backOff);
    return new RetryPolicy(retries, causes, changed);
  }

  /** Returns how often a task is run again at most. */
  public int retries() {
    return retries;
  }

  /** Returns the causes that count. */
  public Set<Cause> causes() {
    return Collections.unmodifiableSet(causes);
  }

  /** Returns the back-off after a cause. */
  public BackOff backOff(Cause cause) {
    BackOff backOff = backOffs.get(cause);
    if (backOff == null) {
      throw new NullPointerException("cause");
    }
    return backOff;
  }

  /** Tells whether a task is run again after so many failed attempts, of which the last one failed for this cause. */
  public boolean allows(Cause cause, int failedAttempts) {
    return failedAttempts <= retries && causes.contains(cause);
  }

  @Override
  public String toString() {
    return "RetryPolicy[retries=" + retries + ", causes=" + causes + ", backOffs=" + backOffs + "]";
  }
}
