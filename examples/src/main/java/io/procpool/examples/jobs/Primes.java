// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.stream.LongStream;

/**
 * Counts the primes of a range, both ends included: work for the CPU and nothing else. The range is cut into slices, one
 * input each; a slice is sieved in segments that fit into a CPU's cache. Prints the total.
 *
 * <p>{@link #process} is safe for use by multiple threads; the rest is for the one thread of the master.
 */
public final class Primes implements Job<Primes.Slice, Long> {
  private static final String USAGE = "primes FROM TO [SLICES]";
  private static final long MAX = 100_000_000_000_000L;
  private static final int DEFAULT_SLICES = 64;
  private static final int SEGMENT_ODDS = 1 << 17;

  private long total;
  private int results;
  private int failures;

  /**
   * A part of the range.
   *
   * @param from the first number
   * @param to the last number; it belongs to the slice
   */
  public record Slice(long from, long to) implements Serializable {}

  @Override
  public String name() {
    return "primes";
  }

  @Override
  public String description() {
    return "counts the primes from FROM to TO, both included, in 64 slices unless told otherwise: "
        + USAGE;
  }

  @Override
  public Iterable<Slice> inputs(JobContext context) {
    JobArguments arguments = new JobArguments(USAGE, context.arguments(), 2, 3);
    long from = arguments.number("FROM", 0, 0, MAX);
    long to = arguments.number("TO", 1, 0, MAX);
    long slices = arguments.number("SLICES", 2, 1, 1_000_000, DEFAULT_SLICES);
    if (to < from) {
      throw new IllegalArgumentException(
          "FROM=" + from + " is above TO=" + to + " (usage: " + USAGE + ")");
    }
    return () -> slices(from, to, slices);
  }

  /** Cuts a range into slices whose sizes differ by one at most; fewer than asked for if the range is smaller. */
  private static Iterator<Slice> slices(long from, long to, long wanted) {
    long size = to - from + 1;
    long slices = Math.min(wanted, size);
    long small = size / slices;
    long large = size % slices; // this many slices hold one number more
    return LongStream.range(0, slices)
        .mapToObj(i -> {
          long start = from + i * small + Math.min(i, large);
          return new Slice(start, start + small - (i < large ? 0 : 1));
        })
        .iterator();
  }

  @Override
  public Long process(Slice slice) {
    return count(slice.from(), slice.to());
  }

  /** Returns the number of primes from one number to another, both included. */
  static long count(long from, long to) {
    if (to < 2) {
      return 0;
    }
    int[] divisors = oddPrimes((int) Math.sqrt((double) to) + 1);
    long count = from <= 2 ? 1 : 0;
    boolean[] composite = new boolean[SEGMENT_ODDS];
    for (long start = Math.max(3, from | 1); start <= to; start += 2L * SEGMENT_ODDS) {
      count += countSegment(start, to, divisors, composite);
    }
    return count;
  }

  /** Counts the primes among the odd numbers from {@code start}; {@code composite[i]} stands for {@code start + 2 i}. */
  private static int countSegment(long start, long to, int[] divisors, boolean[] composite) {
    int odds = (int) Math.min(composite.length, (to - start) / 2 + 1);
    long last = start + 2L * (odds - 1);
    Arrays.fill(composite, 0, odds, false);
    for (int divisor : divisors) {
      long square = (long) divisor * divisor;
      if (square > last) {
        break;
      }
      long multiple = Math.max(square, (start + divisor - 1) / divisor * divisor);
      multiple += multiple % 2 == 0 ? divisor : 0;
      for (long i = (multiple - start) / 2; i < odds; i += divisor) {
        composite[(int) i] = true;
      }
    }
    int primes = 0;
    for (int i = 0; i < odds; i++) {
      primes += composite[i] ? 0 : 1;
    }
    return primes;
  }

  private static int[] oddPrimes(int limit) {
    boolean[] composite = new boolean[limit + 1];
    int[] primes = new int[limit / 2 + 1];
    int found = 0;
    for (int n = 3; n <= limit; n += 2) {
      if (!composite[n]) {
        primes[found++] = n;
        for (long multiple = (long) n * n; multiple <= limit; multiple += 2L * n) {
          composite[(int) multiple] = true;
        }
      }
    }
    return Arrays.copyOf(primes, found);
  }

  @Override
  public void onResult(Slice slice, Long primes, JobContext context) {
    total += primes;
    results++;
  }

  @Override
  public void onError(Slice slice, Throwable error, JobContext context) {
    failures++;
  }

  /** Prints the total, or why there is none: a sum without the failed slices would be wrong. */
  @Override
  public void finish(JobContext context) {
    if (failures == 0) {
      context.out().println(total);
    } else {
      context
          .err()
          .println("primes: no total, because " + failures + " of " + (results + failures)
              + " slices failed; the others hold " + total + " primes");
    }
  }
}
