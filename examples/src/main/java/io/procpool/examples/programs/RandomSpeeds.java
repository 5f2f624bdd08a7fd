// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueClosedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Q04: a producer and a consumer, each at speeds that change at random, with a short queue between them: nothing is lost, and nothing
 * comes twice. The producer closes the queue when it is through, and so the consumer knows.
 *
 * <p>Safe for use by multiple threads.
 */
public final class RandomSpeeds {
  private static final int ELEMENTS = 20;
  private static final int CAPACITY = 3;

  private RandomSpeeds() {}

  /** Runs the program; returns what the consumer got. */
  static List<Integer> run(ProgramSettings settings)
      throws InterruptedException, ExecutionException {
    long mostMillis = settings.millis(0.2);
    try (ProcessQueue<Integer> queue = ProcessQueue.ofCapacity(CAPACITY);
        Pool pool = settings.startedPool(2)) {
      AsyncResult<Integer> producer = pool.submit(() -> produce(queue, mostMillis));
      AsyncResult<List<Integer>> consumer = pool.submit(() -> consume(queue, mostMillis));
      int produced = producer.get();
      List<Integer> consumed = consumer.get();
      settings.out().println("produced " + produced + ", consumed " + consumed);
      return consumed;
    }
  }

  private static int produce(ProcessQueue<Integer> queue, long mostMillis)
      throws InterruptedException {
    for (int i = 0; i < ELEMENTS; i++) {
      Thread.sleep(ThreadLocalRandom.current().nextLong(mostMillis + 1));
      queue.put(i);
    }
    queue.close();
    return ELEMENTS;
  }

  private static List<Integer> consume(ProcessQueue<Integer> queue, long mostMillis)
      throws InterruptedException {
    List<Integer> consumed = new ArrayList<>();
    try {
      while (true) {
        consumed.add(queue.take());
        Thread.sleep(ThreadLocalRandom.current().nextLong(mostMillis + 1));
      }
    } catch (QueueClosedException through) {
      return consumed;
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
