// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Q02: a child fills a queue from which what came last is taken first, and two from which what is lowest is: one of numbers, and one of jobs of which those of one
 * priority come in the order of their names.
 *
 * <p>Safe for use by multiple threads.
 */
public final class LastAndLowest {
  private LastAndLowest() {}

  /** Something to be done. */
  record Job(int priority, String name) implements Comparable<Job>, Serializable {
    private static final Comparator<Job> ORDER =
        Comparator.comparingInt(Job::priority).thenComparing(Job::name);

    @Override
    public int compareTo(Job other) {
      return ORDER.compare(this, other);
    }
  }

  /**
   * What was seen.
   *
   * @param lastFirst what was taken from the first queue, in order
   * @param lowestFirst what was taken from the queue of numbers
   * @param jobs what was taken from the queue of jobs
   */
  record Seen(List<Integer> lastFirst, List<Integer> lowestFirst, List<Job> jobs) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    try (Manager manager = Manager.start()) {
      ManagedQueue<Integer> lifo = manager.lifoQueue(10);
      ManagedQueue<Integer> numbers = manager.priorityQueue(10);
      ManagedQueue<Job> jobs = manager.priorityQueue(10);
      ChildProcess child = ChildProcess.start(() -> {
        for (int number : new int[] {3, 1, 4, 1, 5}) {
          lifo.put(number);
          numbers.put(number);
        }
        jobs.put(new Job(5, "mid-level job"));
        jobs.put(new Job(10, "low-level job"));
        jobs.put(new Job(1, "important job"));
        jobs.put(new Job(5, "another of the same level"));
      });
      child.join();
      Seen seen = new Seen(taken(lifo), taken(numbers), taken(jobs));
      settings.out().println("last first: " + seen.lastFirst());
      settings.out().println("lowest first: " + seen.lowestFirst());
      seen.jobs().forEach(job -> settings.out().println(job.priority() + " " + job.name()));
      return seen;
    }
  }

  private static <E> List<E> taken(ManagedQueue<E> queue) throws InterruptedException {
    List<E> taken = new ArrayList<>();
    while (!queue.isEmpty()) {
      taken.add(queue.take());
    }
    return taken;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
