// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessLock;
import java.util.List;

/**
 * S07: two children pay in and draw out again, a hundred thousand times each. Both are plain reads and writes; the lock makes them
 * safe.
 *
 * <p>Safe for use by multiple threads.
 */
public final class BankBalance {
  private static final int TIMES = 100_000;

  private BankBalance() {}

  /**
   * What was seen.
   *
   * @param before the balance at first
   * @param after the balance at the end
   * @param times how often the children have changed it
   */
  record Seen(int before, int after, int times) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    int before = 1000;
    List<Integer> amounts = List.of(5, 8);
    try (SharedInt balance = SharedInt.create(before);
        Pool pool = settings.startedPool(amounts.size())) {
      int times = 0;
      for (int each : pool.map(amount -> payInAndDrawOut(balance, amount), amounts, 1)) {
        times += each;
      }
      Seen seen = new Seen(before, balance.get(), times);
      settings
          .out()
          .println(
              "balance " + before + " before, " + seen.after() + " after " + times + " changes");
      return seen;
    }
  }

  private static int payInAndDrawOut(SharedInt balance, int amount) {
    ProcessLock lock = balance.lock();
    int times = 0;
    for (int i = 0; i < TIMES; i++) {
      lock.lock();
      try {
        balance.setPlain(balance.getPlain() + amount);
        balance.setPlain(balance.getPlain() - amount);
      } finally {
        lock.unlock();
      }
      times += 2;
    }
    return times;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
