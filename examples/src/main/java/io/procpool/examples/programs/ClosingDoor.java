// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.sync.ProcessEvent;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Y05: a door that closes by itself a while after it was opened. The event is set while it is open. Staff who find it closed swipe their
 * card, which opens it; those who come soon after walk in.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ClosingDoor {
  private static final int ENTRANCES = 3;
  private static final int STAFF = 9;

  private ClosingDoor() {}

  /**
   * How somebody got in.
   *
   * @param number who it is
   * @param swipes how often the door had to be opened for that
   */
  record Entry(int number, int swipes) implements Serializable {}

  /** Runs the program and returns who got in. */
  static List<Entry> run(ProgramSettings settings) throws InterruptedException {
    long staysOpen = settings.millis(1);
    long onTheWay = settings.millis(1.5);
    long look = settings.millis(0.05);
    try (ProcessEvent open = ProcessEvent.create();
        Pool pool = settings.startedPool(1 + ENTRANCES)) {
      AsyncResult<?> door = pool.submit(() -> closeAfterAWhile(open, staysOpen));
      try {
        List<Entry> entries = pool.map(
            number -> {
              Thread.sleep(onTheWay);
              return enter(number, open, look);
            },
            IntStream.range(0, STAFF).boxed().toList(),
            1);
        for (Entry entry : entries) {
          settings
              .out()
              .println(entry.number() + (entry.swipes() > 0 ? " opened the door" : " walked in"));
        }
        return entries;
      } finally {
        door.cancel(true);
      }
    }
  }

  /** Is the door, until interrupted. */
  private static Object closeAfterAWhile(ProcessEvent open, long staysOpen)
      throws InterruptedException {
    while (true) {
      open.await();
      Thread.sleep(staysOpen);
      open.clear();
    }
  }

  private static Entry enter(int number, ProcessEvent open, long look) throws InterruptedException {
    int swipes = 0;
    while (!open.isSet()) {
      swipes++;
      open.set();
      Thread.sleep(look);
    }
    return new Entry(number, swipes);
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
