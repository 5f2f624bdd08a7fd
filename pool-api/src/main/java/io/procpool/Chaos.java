// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import java.time.Duration;

/**
 * Harm that a pool does to its own workers, for tests: whether a job survives that tasks are run again, and that workers die at the worst moment. What happens to a task
 * follows from the seed, the task's number and its attempt only: the same job, submitted in the same order, is struck in the same places each time, and {@link #strike} says where.
 *
 * <pre>
 * Chaos chaos = Chaos.ofSeed(42).killBefore(0.05).killAfter(0.05).slow(0.1, Duration.ofMillis(20));
 * try (Pool pool = Pool.open(PoolOptions.builder().chaos(chaos).build())) { … }
 * </pre>
 *
 * <p>The rates are parts of all attempts, 0 to 1 each, and 1 together at most. Immutable; safe for use by multiple threads.
 */
public final class Chaos implements Serializable {
  private static final long serialVersionUID = 1;
  private static final double TWO_TO_53 = 0x1p53;
  private static final long MOMENT = 0x5bd1e995L;

  /** What happens to an attempt. */
  public enum Strike {
    /** Nothing. */
    NONE,
    /** Its worker dies before any of its code has run; that cannot be told from outside, so the task counts as one that may have run. */
    KILL_BEFORE,
    /** Its worker dies at some moment while it runs, if it has not ended by then. */
    KILL_DURING,
    /** Its worker dies when the task's code has returned, or has thrown, but its outcome has not been kept. */
    KILL_AFTER,
    /** Its worker is stopped (SIGSTOP) for some time, before any of its code has run. */
    STOP,
    /** It waits for some time before any of its code runs; an interrupt ends the wait, and stays set for the task. */
    SLOW
  }

  private final long seed;
  private final double[] rates; // by ordinal; not changed
  private final Duration within;
  private final Duration stopTime;
  private final Duration slowTime;

  private Chaos(long seed, double[] rates, Duration within, Duration stopTime, Duration slowTime) {
    this.seed = seed;
    this.rates = rates;
    this.within = within;
    this.stopTime = stopTime;
    this.slowTime = slowTime;
  }

  /** Returns chaos that does nothing yet. */
  public static Chaos ofSeed(long seed) {
    double[] none = new double[Strike.values().length];
    return new Chaos(seed, none, Duration.ZERO, Duration.ZERO, Duration.ZERO);
  }

  /** Returns this chaos with a rate of {@link Strike#KILL_BEFORE}. */
  public Chaos killBefore(double rate) {
    return with("killBefore", Strike.KILL_BEFORE, rate, within, stopTime, slowTime);
  }

  /**
   * Returns this chaos with a rate of {@link Strike#KILL_DURING}.
   *
   * @param within the kill comes at some moment between the beginning of the task and this time after it; more than zero
   */
  public Chaos killDuring(double rate, Duration within) {
    Duration checked = OptionChecks.positive("within", within);
    return with("killDuring", Strike.KILL_DURING, rate, checked, stopTime, slowTime);
  }

  /** Returns this chaos with a rate of {@link Strike#KILL_AFTER}. */
  public Chaos killAfter(double rate) {
    return with("killAfter", Strike.KILL_AFTER, rate, within, stopTime, slowTime);
  }

  /** Returns this chaos with a rate of {@link Strike#STOP}, and for how long a worker is stopped: more than zero. It needs a POSIX system. */
  public Chaos stop(double rate, Duration time) {
    Duration checked = OptionChecks.positive("time", time);
    return with("stop", Strike.STOP, rate, within, checked, slowTime);
  }

  /** Returns this chaos with a rate of {@link Strike#SLOW}, and for how long a task waits: more than zero. */
  public Chaos slow(double rate, Duration time) {
    Duration checked = OptionChecks.positive("time", time);
    return with("slow", Strike.SLOW, rate, within, stopTime, checked);
  }

  private Chaos with(
      String option,
      Strike strike,
      double rate,
      Duration newWithin,
      Duration newStopTime,
      Duration newSlowTime) {
    if (!(rate >= 0 && rate <= 1)) {
      throw new IllegalArgumentException(option + ": " + rate + " (expected: a rate, 0 to 1)");
    }
    double[] changed = rates.clone();
    changed[strike.ordinal()] = rate;
    double sum = 0;
    for (double each : changed) {
      sum += each;
    }
    if (sum > 1 + 1e-9) {
      throw new IllegalArgumentException(
          option + ": " + rate + " makes a sum of all rates of " + sum + " (expected: 1 at most)");
    }
    return new Chaos(seed, changed, newWithin, newStopTime, newSlowTime);
  }

  /** Returns what happens to an attempt of a task, 1 for the first. */
  public Strike strike(long taskId, int attempt) {
    double drawn = drawn(taskId, attempt, 0);
    for (Strike strike : Strike.values()) {
      drawn -= rates[strike.ordinal()];
      if (drawn < 0) {
        return strike;
      }
    }
    return Strike.NONE;
  }

  /** Returns when the worker dies if the strike is {@link Strike#KILL_DURING}: so long after the beginning of the attempt. */
  public Duration moment(long taskId, int attempt) {
    return Duration.ofNanos((long) (drawn(taskId, attempt, MOMENT) * within.toNanos()));
  }

  /** Returns a number from 0 to 1, exclusive; by the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
  private double drawn(long taskId, int attempt, long purpose) {
    long mixed = mix(mix(mix(seed) + taskId) + attempt + purpose);
    return (mixed >>> 11) / TWO_TO_53;
  }

  private static long mix(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** Returns the seed. */
  public long seed() {
    return seed;
  }

  /** Returns the part of all attempts that is struck so. */
  public double rate(Strike strike) {
    if (strike != Strike.NONE) {
      return rates[strike.ordinal()];
    }
    double rest = 1;
    for (double each : rates) {
      rest -= each;
    }
    return Math.max(0, rest);
  }

  /** Returns for how long a worker is stopped; zero if none is. */
  public Duration stopTime() {
    return stopTime;
  }

  /** Returns for how long a task waits; zero if none does. */
  public Duration slowTime() {
    return slowTime;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Chaos[seed=" + seed);
    for (Strike strike : Strike.values()) {
      if (strike != Strike.NONE && rate(strike) > 0) {
        text.append(", ").append(strike).append('=').append(rate(strike));
      }
    }
    return text.append(']').toString();
  }
}
