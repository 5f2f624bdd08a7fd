// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.shared.SharedDouble;
import io.procpool.shared.SharedIntArray;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * S01: two children change the same number and the same array. Each negates all elements, with the array's lock held, so that
 * nobody sees an array that is half negated; after both the array is what it was.
 *
 * <p>Safe for use by multiple threads.
 */
public final class SharedNumbers {
  private static final int CHILDREN = 2;

  private SharedNumbers() {}

  /**
   * What was seen.
   *
   * @param number the number at the end
   * @param array the array at the end
   * @param pids the processes that changed them
   */
  record Seen(double number, List<Integer> array, Set<Long> pids) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    try (SharedDouble number = SharedDouble.create(0.0);
        SharedIntArray array = SharedIntArray.of(IntStream.range(0, 11).toArray());
        Pool pool = settings.startedPool(CHILDREN)) {
      List<Long> pids = pool.map(child -> change(number, array), List.of(1, 2), 1);

      Seen seen = new Seen(number.get(), array.stream().boxed().toList(), new TreeSet<>(pids));
      settings.out().println(seen.number());
      settings.out().println(seen.array());
      return seen;
    }
  }

  private static long change(SharedDouble number, SharedIntArray array) {
    number.set(3.333333333333333);
    array.lock().lock();
    try {
      for (int i = 0; i < array.length(); i++) {
        array.set(i, -array.get(i));
      }
    } finally {
      array.lock().unlock();
    }
    return ProcessHandle.current().pid();
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
