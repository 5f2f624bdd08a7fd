// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.shared.SharedInt;
import java.io.Serializable;
import java.time.Duration;
import java.util.Collections;
import java.util.List;

/**
 * S06: a hundred children take one each from a number that begins at a hundred: read it, take their time, write one less. Ten are at
 * work at a time. Without a lock they overwrite what others have written. With a lock nothing is lost, and what needs no
 * lock still goes on side by side. One child at a time loses nothing either, and is slowest.
 *
 * <p>Safe for use by multiple threads.
 */
public final class LostUpdates {
  private static final int WORKERS = 10;
  private static final int CHILDREN = 100;

  private LostUpdates() {}

  /**
   * One way to do it.
   *
   * @param left the number at the end
   * @param took how long it took
   */
  record Outcome(int left, Duration took) {}

  /** What was seen. */
  record Seen(Outcome unlocked, Outcome locked, Outcome oneByOne) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    Child child = new Child(settings.millis(0.1), settings.millis(0.02));
    List<Integer> children = Collections.nCopies(CHILDREN, 1);
    try (SharedInt number = SharedInt.create(0);
        Pool pool = settings.startedPool(WORKERS)) {
      Outcome unlocked =
          timed(number, () -> pool.map(each -> child.takeUnlocked(number), children, 1));
      Outcome locked = timed(number, () -> pool.map(each -> child.takeLocked(number), children, 1));
      Outcome oneByOne = timed(number, () -> {
        for (int each : children) {
          pool.apply(() -> child.takeUnlocked(number));
        }
      });

      print(settings, "without a lock", unlocked);
      print(settings, "with a lock", locked);
      print(settings, "one by one", oneByOne);
      return new Seen(unlocked, locked, oneByOne);
    }
  }

  /**
   * What a child does.
   *
   * @param preparation how many milliseconds it is busy with what needs no lock
   * @param change how many milliseconds lie between its reading and its writing
   */
  private record Child(long preparation, long change) implements Serializable {
    int takeUnlocked(SharedInt number) throws InterruptedException {
      Thread.sleep(preparation);
      return take(number);
    }

    int takeLocked(SharedInt number) throws InterruptedException {
      Thread.sleep(preparation);
      number.lock().lock();
      try {
        return take(number);
      } finally {
        number.lock().unlock();
      }
    }

    private int take(SharedInt number) throws InterruptedException {
      int before = number.get();
      Thread.sleep(change);
      number.set(before - 1);
      return before;
    }
  }

  private interface Run {
    void run() throws InterruptedException;
  }

  private static Outcome timed(SharedInt number, Run run) throws InterruptedException {
    number.set(CHILDREN);
    long start = System.nanoTime();
    run.run();
    return new Outcome(number.get(), Duration.ofNanos(System.nanoTime() - start));
  }

  private static void print(ProgramSettings settings, String way, Outcome outcome) {
    settings
        .out()
        .println(way + ": n = " + outcome.left() + " after " + outcome.took().toMillis() + " ms");
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
