// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessReadWriteLock;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Y04: a traffic light, which is an event that is set while it is green. Cars that find it red wait for the event. Cars share the
 * crossing, and the light turns red when it has it for itself, so that no car is on it then: a lock with many readers and one writer.
 *
 * <p>Safe for use by multiple threads.
 */
public final class TrafficLight {
  private static final int LANES = 3;
  private static final int CARS = 12;

  private TrafficLight() {}

  /**
   * What a car has seen.
   *
   * @param number which car it is
   * @param waited whether it found the light red
   * @param greenWhileDriving whether the light was green when it set out and still when it was across
   */
  record Car(int number, boolean waited, boolean greenWhileDriving) implements Serializable {}

  /** Runs the program and returns what the cars have seen. */
  static List<Car> run(ProgramSettings settings) throws InterruptedException {
    long red = settings.millis(0.5);
    long green = settings.millis(0.5);
    long onTheWay = settings.millis(0.2);
    long across = settings.millis(0.2);
    try (ProcessEvent light = ProcessEvent.create();
        ProcessReadWriteLock crossing = ProcessReadWriteLock.create("crossing");
        Pool pool = settings.startedPool(1 + LANES)) {
      AsyncResult<?> turning = pool.submit(() -> turn(light, crossing, red, green));
      try {
        List<Car> cars = pool.map(
            number -> {
              Thread.sleep(onTheWay);
              return cross(number, light, crossing, across);
            },
            IntStream.range(0, CARS).boxed().toList(),
            1);
        for (Car car : cars) {
          settings
              .out()
              .println(
                  "car " + car.number() + (car.waited() ? " waited, then drove" : " drove on"));
        }
        return cars;
      } finally {
        turning.cancel(true);
      }
    }
  }

  /** Is the light, until interrupted. */
  private static Object turn(
      ProcessEvent light, ProcessReadWriteLock crossing, long red, long green)
      throws InterruptedException {
    while (true) {
      Thread.sleep(red);
      light.set();
      Thread.sleep(green);
      crossing.writeLock().lock();
      try {
        light.clear();
      } finally {
        crossing.writeLock().unlock();
      }
    }
  }

  private static Car cross(
      int number, ProcessEvent light, ProcessReadWriteLock crossing, long across)
      throws InterruptedException {
    boolean waited = !light.isSet();
    while (true) {
      light.await();
      crossing.readLock().lock();
      try {
        if (light.isSet()) { // it may have turned red meanwhile
          Thread.sleep(across);
          return new Car(number, waited, light.isSet());
        }
        waited = true;
      } finally {
        crossing.readLock().unlock();
      }
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
