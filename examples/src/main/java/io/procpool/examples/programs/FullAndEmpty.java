// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.channel.ProcessQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Q01: a first-in-first-out queue for two elements: what it says when it is empty and when it is full, and what happens to who puts
 * then, waiting or not.
 *
 * <p>Safe for use by multiple threads.
 */
public final class FullAndEmpty {
  private FullAndEmpty() {}

  /**
   * What was seen.
   *
   * @param sizes the size at first, after each put, and after each take
   * @param emptyAtFirst whether it was empty before
   * @param fullAfterTwo whether it was full after two puts
   * @param putThird what {@code offer} said to a third element
   * @param putThirdInTime the same with a timeout
   * @param addThird what {@code add} threw
   * @param taken what was taken, in order
   * @param takenThird what {@code poll} returned then
   * @param takenThirdInTime the same with a timeout
   * @param removeThird what {@code remove} threw
   */
  record Seen(
      List<Integer> sizes,
      boolean emptyAtFirst,
      boolean fullAfterTwo,
      boolean putThird,
      boolean putThirdInTime,
      IllegalStateException addThird,
      List<String> taken,
      @Nullable String takenThird,
      @Nullable String takenThirdInTime,
      NoSuchElementException removeThird) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    Duration second = settings.second();
    try (ProcessQueue<String> queue = ProcessQueue.ofCapacity(2)) {
      List<Integer> sizes = new ArrayList<>(List.of(queue.size()));
      boolean empty = queue.isEmpty();
      for (String value : List.of("first", "second")) {
        queue.put(value);
        sizes.add(queue.size());
      }
      boolean full = queue.remainingCapacity() == 0;
      boolean third = queue.offer("third");
      boolean thirdInTime = queue.offer("third", second);
      IllegalStateException refusal = refusal(queue);

      List<String> taken = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        taken.add(queue.take());
        sizes.add(queue.size());
      }
      Seen seen = new Seen(
          sizes,
          empty,
          full,
          third,
          thirdInTime,
          refusal,
          taken,
          queue.poll(),
          queue.poll(second),
          nothing(queue));
      settings.out().println("sizes " + sizes + ", taken " + taken);
      settings.out().println("when it was full: " + refusal.getMessage());
      return seen;
    }
  }

  private static IllegalStateException refusal(ProcessQueue<String> queue) {
    try {
      queue.add("third");
    } catch (IllegalStateException full) {
      return full;
    }
    throw new AssertionError("a third element was added");
  }

  private static NoSuchElementException nothing(ProcessQueue<String> queue) {
    try {
      throw new AssertionError("removed " + queue.remove());
    } catch (NoSuchElementException empty) {
      return empty;
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
