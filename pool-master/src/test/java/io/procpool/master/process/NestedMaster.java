// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.AsyncResult;
import io.procpool.ChildProcess;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The main class of the root of a tree: a worker, which has a pool of its own, whose worker has a child. */
final class NestedMaster {
  /** What the tree does when one of its processes is killed. */
  enum Occupation {
    /** No task runs, but the pools are open. */
    IDLE,
    /** The lowest worker is in an endless loop, for which the one above it waits. */
    WAITING,
    /** The worker in the middle is in an endless loop. */
    LOOPING
  }

  /** The line of the journal that says that all is as it should be. */
  static final String READY = "ready";

  private static volatile long sink;

  private NestedMaster() {}

  /** Arguments: the journal, the occupation. */
  public static void main(String[] arguments) throws Exception {
    Faults.Journal journal = new Faults.Journal(arguments[0]);
    Occupation occupation = Occupation.valueOf(arguments[1]);
    Pool pool = Pool.open(options("middle"));
    AsyncResult<?> middle = pool.submit(() -> {
      beMiddle(journal, occupation);
      return null;
    });
    Faults.awaitLong("three processes").until(() -> journal.lines().size() >= 3);
    if (occupation == Occupation.IDLE) {
      middle.get();
    }
    journal.add(READY);
    new CountDownLatch(1).await();
  }

  private static PoolOptions options(String name) {
    return Faults.options(name)
        .workers(1)
        .memory(PoolOptions.Memory.UNBUDGETED)
        .jvmArgs(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"))
        .build();
  }

  private static void beMiddle(Faults.Journal journal, Occupation occupation) throws Exception {
    journal.add(Faults.pid());
    Pool pool = Pool.open(options("lowest"));
    AsyncResult<?> lowest = pool.submit(() -> {
      journal.add(Faults.pid());
      ChildProcess.start(() -> {
        journal.add(Faults.pid());
        new CountDownLatch(1).await();
      });
      if (occupation == Occupation.WAITING) {
        countForEver();
      }
      return null;
    });
    if (occupation == Occupation.LOOPING) {
      lowest.get();
      countForEver();
    }
    lowest.get();
  }

  private static void countForEver() {
    while (true) {
      long sum = 0;
      for (int i = 0; i < Integer.MAX_VALUE; i++) {
        sum += i ^ (sum << 1);
      }
      sink = sum;
    }
  }
}
