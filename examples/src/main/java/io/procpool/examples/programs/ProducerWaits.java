// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueOptions;
import io.procpool.shared.SharedInt;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * Q03: a producer puts ten elements and waits until all are dealt with; the consumer says so of each, a tenth of a second after it took
 * it.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ProducerWaits {
  private static final int ELEMENTS = 10;

  private ProducerWaits() {}

  /**
   * What was seen.
   *
   * @param doneAtOnce whether all were dealt with when the producer had put the last one
   * @param doneWhenItWentOn how many had been dealt with when the producer went on
   * @param consumed what the consumer got
   */
  record Seen(boolean doneAtOnce, int doneWhenItWentOn, List<Integer> consumed) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException, ExecutionException {
    long millis = settings.millis(0.1);
    QueueOptions joinable = QueueOptions.builder().joinable(true).build();
    try (ProcessQueue<Integer> queue = ProcessQueue.open(joinable);
        ProcessQueue<Integer> consumed = ProcessQueue.unbounded();
        SharedInt done = SharedInt.create(0);
        Pool pool = settings.startedPool(2)) {
      AsyncResult<int[]> producer = pool.submit(() -> {
        for (int i = 0; i < ELEMENTS; i++) {
          queue.put(i);
        }
        boolean atOnce = queue.join(Duration.ZERO);
        queue.join();
        return new int[] {atOnce ? 1 : 0, done.get()};
      });
      AsyncResult<Boolean> consumer = pool.submit(() -> {
        for (int i = 0; i < ELEMENTS; i++) {
          consumed.put(queue.take());
          Thread.sleep(millis);
          done.getAndAdd(1);
          queue.taskDone();
        }
        return true;
      });
      int[] values = producer.get();
      consumer.get();
      Seen seen = new Seen(values[0] == 1, values[1], List.copyOf(consumed));
      settings.out().println("the producer went on when " + seen.doneWhenItWentOn() + " were done");
      return seen;
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
