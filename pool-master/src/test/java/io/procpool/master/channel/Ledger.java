// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.shared.SharedIntArray;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The account of what producers have put and consumers have taken, in shared memory, so that it outlives each of them. Whoever comes
 * after one that was killed has a number of its own.
 *
 * @param most how many producers, and consumers, there may be
 * @param elements how many elements each producer puts at most
 * @param begun how many puts each producer has begun
 * @param done how many of them have ended
 * @param seen how often each element was taken
 * @param handling for each consumer, whether it is between a take and the note of it
 * @param stop 1 if producers are to end
 */
record Ledger(
    int most,
    int elements,
    SharedIntArray begun,
    SharedIntArray done,
    SharedIntArray seen,
    SharedIntArray handling,
    SharedIntArray stop)
    implements Serializable, AutoCloseable {
  private static final int MOST_INTS = 300;
  private static final int RARELY = 200;
  private static final int LARGE_INTS = 40_000;

  static Ledger create(int most, int elements) {
    return new Ledger(
        most,
        elements,
        SharedIntArray.create(most),
        SharedIntArray.create(most),
        SharedIntArray.create((long) most * elements),
        SharedIntArray.create(most),
        SharedIntArray.create(1));
  }

  @Override
  public void close() {
    for (SharedIntArray each : new SharedIntArray[] {begun, done, seen, handling, stop}) {
      each.close();
    }
  }

  /** Puts elements until all are put or it is to stop; returns how many. */
  int produce(Lane lane, int producer, long seed) throws Exception {
    Random random = new Random(seed);
    int number = 0;
    while (number < elements && stop.get(0) == 0) {
      int[] element =
          new int[3 + random.nextInt(random.nextInt(RARELY) == 0 ? LARGE_INTS : MOST_INTS)];
      Arrays.fill(element, producer + number);
      element[0] = producer;
      element[1] = number;
      begun.set(producer, number + 1);
      lane.put(element);
      done.set(producer, number + 1);
      number++;
    }
    return number;
  }

  /** Takes elements until there are no more; returns what is wrong with one, or an empty text. */
  String consume(Lane lane, int consumer) throws Exception {
    int[] last = new int[most];
    Arrays.fill(last, -1);
    while (true) {
      handling.set(consumer, 1);
      int[] element = lane.take();
      if (element == null) {
        handling.set(consumer, 0);
        return "";
      }
      String wrong = wrong(element, last);
      if (wrong != null) {
        return wrong;
      }
      last[element[0]] = element[1];
      seen.getAndAdd((long) element[0] * elements + element[1], 1);
      handling.set(consumer, 0);
    }
  }

  private @Nullable String wrong(int[] element, int[] last) {
    int producer = element[0];
    int number = element[1];
    if (producer < 0 || producer >= most || number < 0 || number >= elements) {
      return "not an element: " + producer + ", " + number;
    }
    for (int i = 2; i < element.length; i++) {
      if (element[i] != producer + number) {
        return "torn: element " + number + " of producer " + producer + " at " + i;
      }
    }
    if (number <= last[producer]) {
      return "out of order: " + number + " of producer " + producer + " after " + last[producer];
    }
    if (number >= begun.get(producer)) {
      return "not put: " + number + " of producer " + producer;
    }
    return null;
  }

  /** Checks that nothing is doubled, and that no more is lost than was in the hands of those who were killed. */
  void check(String run) {
    int lost = 0;
    int inDoubt = 0;
    for (int producer = 0; producer < most; producer++) {
      int put = done.get(producer);
      inDoubt += begun.get(producer) - put;
      for (int number = 0; number < elements; number++) {
        int times = seen.get((long) producer * elements + number);
        if (times > 1 || times > 0 && number >= begun.get(producer)) {
          throw new AssertionError(run + ": element " + number + " of producer " + producer
              + " was taken " + times + " times; " + begun.get(producer) + " were put");
        }
        lost += number < put ? 1 - times : 0;
      }
    }
    int hands = Arrays.stream(handling.toArray()).sum();
    assertThat(lost)
        .as("%s: lost, of %d killed consumers (%d puts in doubt)", run, hands, inDoubt)
        .isLessThanOrEqualTo(hands);
  }

  /** Returns how many puts have ended. */
  int puts() {
    return Arrays.stream(done.toArray()).sum();
  }
}
