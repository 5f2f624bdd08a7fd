// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.sync.ProcessLock;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * S05: ten children print a line each, piece by piece. All print to the same stream, the master's standard output; the lock keeps the
 * pieces of a line together.
 *
 * <p>Safe for use by multiple threads.
 */
public final class WholeLines {
  private static final int CHILDREN = 10;

  private WholeLines() {}

  /** Runs the program and returns the processes that have printed. */
  static Set<Long> run(ProgramSettings settings) throws InterruptedException {
    long pause = settings.millis(0.1);
    try (ProcessLock lock = ProcessLock.create();
        Pool pool = settings.startedPool(CHILDREN)) {
      List<Integer> numbers = IntStream.range(0, CHILDREN).boxed().toList();
      return new TreeSet<>(pool.map(number -> greet(lock, number, pause), numbers, 1));
    }
  }

  private static long greet(ProcessLock lock, int number, long pause) throws InterruptedException {
    lock.lock();
    try {
      for (String piece : List.of("hello ", "world ", number + System.lineSeparator())) {
        System.out.print(piece);
        System.out.flush();
        Thread.sleep(
            pause); // time enough for the others to get in between, were it not for the lock
      }
    } finally {
      lock.unlock();
    }
    return ProcessHandle.current().pid();
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
