// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.Task;
import io.procpool.shared.SharedInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * What one worker does in a random run: some threads, each with what is chosen at random, and now and then all threads of all
 * workers meet. Ends after a number of steps, or when another one says so.
 *
 * @param mixed what is chosen from
 * @param meetings where all threads come, one after the other, after each {@code stepsBetween} steps
 * @param steps how many each thread does; 0 until told to stop
 * @param stop other than 0 to stop all
 * @param first number of the first thread of this worker
 */
record StressRun(
    List<Check> mixed,
    List<Check> meetings,
    int steps,
    int stepsBetween,
    long seed,
    SharedInt stop,
    int first,
    int threads,
    Checks.Patience patience)
    implements Task<Integer> {
  private static final long POLL_MILLIS = 20;

  /** Returns how many steps its threads have done. */
  @Override
  public Integer call() throws Exception {
    List<Walker> walkers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Walker walker = new Walker(first + i);
      walker.setDaemon(true);
      walker.start();
      walkers.add(walker);
    }
    int done = 0;
    for (Walker walker : walkers) {
      done += walker.awaitEnd();
    }
    return done;
  }

  private final class Walker extends Thread {
    private final int me;
    private volatile int done;
    private volatile boolean ended;
    private volatile AssertionError violation;

    Walker(int me) {
      super("walker-" + me);
      this.me = me;
    }

    @Override
    public void run() {
      Random random = new Random(seed * 31 + me);
      try {
        while ((steps == 0 || done < steps) && stop.get() == 0) {
          if (!mixed.isEmpty()) {
            mixed.get(random.nextInt(mixed.size())).run(me, 0, random);
          }
          done++;
          if (done % stepsBetween == 0) {
            int round = done / stepsBetween - 1;
            for (Check meeting : meetings) {
              if (stop.get() == 0) {
                meeting.run(me, round, random);
              }
            }
          }
        }
      } catch (AssertionError found) {
        violation = found;
        stop.set(1);
      } catch (Exception failed) {
        violation = new AssertionError("walker " + me + " failed", failed);
        stop.set(1);
      }
      ended = true;
    }

    /** Waits until it has ended; when it has been told to stop it may take as long as anything may. */
    int awaitEnd() throws InterruptedException {
      long stopped = 0;
      while (!ended) {
        join(POLL_MILLIS);
        if (stop.get() != 0 && stopped == 0) {
          stopped = System.nanoTime();
        }
        if (stopped != 0
            && System.nanoTime() - stopped > TimeUnit.MILLISECONDS.toNanos(2 * patience.millis())) {
          AssertionError hangs = new AssertionError(getName() + " does not end");
          hangs.setStackTrace(getStackTrace());
          throw hangs;
        }
      }
      if (violation != null) {
        throw violation;
      }
      return done;
    }
  }
}
