// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedDeque;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedNamespace;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * S04: two children, 1 and 2, use an object of each type that a manager offers, one type after the other. There is a line for each: what they did, and
 * what came of it.
 *
 * <p>Safe for use by multiple threads.
 */
public final class EveryType {
  private static final int TIMES = 100;

  private static final List<Type> TYPES = List.of(
      new Type("dict", "each puts its number", EveryType::dict),
      new Type("list", "each appends its number twice", EveryType::list),
      new Type("Namespace", "each sets an attribute", EveryType::namespace),
      new Type("Lock", "each adds 1 a hundred times while it holds it", EveryType::lock),
      new Type("RLock", "the same, and it acquires it twice", EveryType::reentrantLock),
      new Type("Semaphore", "1 releases three permits, 2 acquires two", EveryType::semaphore),
      new Type(
          "BoundedSemaphore", "each adds 1 a hundred times, one at a time", EveryType::bounded),
      new Type("Condition", "1 waits for a ball, 2 throws it", EveryType::condition),
      new Type("Event", "1 waits, 2 sets it", EveryType::event),
      new Type("Barrier", "each waits for the other and is told a number", EveryType::barrier),
      new Type("Queue", "1 puts numbers, 2 takes them and puts squares", EveryType::queue),
      new Type("Value", "each adds 1 a hundred times", EveryType::value),
      new Type("Array", "each adds its number to every element", EveryType::array),
      new Type("map", "each merges 1 into an entry a hundred times", EveryType::map),
      new Type("sortedMap", "1 puts 3 and 1, 2 puts 4 and 2", EveryType::sortedMap),
      new Type("set", "each adds its number, and 0", EveryType::set),
      new Type("deque", "1 adds at the front, 2 at the end", EveryType::deque),
      new Type("priorityQueue", "1 puts 3 and 1, 2 puts 4 and 2", EveryType::priorityQueue),
      new Type("atomicLong", "each adds 1 a hundred times", EveryType::atomicLong),
      new Type("countDownLatch", "each counts down and waits", EveryType::countDownLatch));

  private EveryType() {}

  /** What a child does; {@code me} is its number. */
  private interface Part extends Serializable {
    void play(int me) throws Exception;
  }

  /** What the children do with an object, and what has come of it when both are through. */
  private record Use(Part part, Supplier<?> outcome) {}

  private record Type(String name, String what, Function<Manager, Use> use) {}

  /** Runs the program and returns the lines. */
  static List<String> run(ProgramSettings settings) throws InterruptedException {
    try (Manager manager = Manager.start()) {
      List<Use> uses = TYPES.stream().map(type -> type.use().apply(manager)).toList();
      List<Part> parts = uses.stream().map(Use::part).toList();
      ChildProcess first = ChildProcess.start(() -> playAll(parts, 1));
      ChildProcess second = ChildProcess.start(() -> playAll(parts, 2));
      first.join();
      second.join();
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < TYPES.size(); i++) {
        lines.add(TYPES.get(i).name() + ": " + TYPES.get(i).what() + ": "
            + uses.get(i).outcome().get());
      }
      lines.forEach(settings.out()::println);
      return lines;
    }
  }

  private static void playAll(List<Part> parts, int me) throws Exception {
    for (Part part : parts) {
      part.play(me);
    }
  }

  private static Use dict(Manager manager) {
    ManagedMap<String, Integer> dict = manager.dict();
    return new Use(me -> dict.put("child " + me, me), () -> new TreeMap<>(dict));
  }

  private static Use list(Manager manager) {
    ManagedList<Integer> list = manager.list();
    return new Use(me -> list.addAll(List.of(me, me)), () -> sorted(list));
  }

  private static Use namespace(Manager manager) {
    ManagedNamespace namespace = manager.namespace();
    return new Use(
        me -> namespace.set(me == 1 ? "x" : "y", me), () -> new TreeMap<>(namespace.toMap()));
  }

  private static Use lock(Manager manager) {
    ProcessLock lock = manager.lock();
    ManagedValue<Integer> number = manager.value(0);
    return new Use(
        me -> {
          for (int i = 0; i < TIMES; i++) {
            lock.lock();
            try {
              number.set(number.get() + 1);
            } finally {
              lock.unlock();
            }
          }
        },
        number::get);
  }

  private static Use reentrantLock(Manager manager) {
    ProcessLock lock = manager.reentrantLock();
    ManagedValue<Integer> number = manager.value(0);
    return new Use(
        me -> {
          for (int i = 0; i < TIMES; i++) {
            lock.lock();
            lock.lock();
            try {
              number.set(number.get() + lock.holdCount() - 1);
            } finally {
              lock.unlock();
              lock.unlock();
            }
          }
        },
        number::get);
  }

  private static Use semaphore(Manager manager) {
    ProcessSemaphore semaphore = manager.semaphore(0);
    return new Use(
        me -> {
          if (me == 1) {
            semaphore.release(3);
          } else {
            semaphore.acquire(2);
          }
        },
        semaphore::availablePermits);
  }

  private static Use bounded(Manager manager) {
    ProcessSemaphore semaphore = manager.boundedSemaphore(1);
    ManagedValue<Integer> number = manager.value(0);
    return new Use(
        me -> {
          for (int i = 0; i < TIMES; i++) {
            semaphore.acquire();
            try {
              number.set(number.get() + 1);
            } finally {
              semaphore.release();
            }
          }
        },
        number::get);
  }

  private static Use condition(Manager manager) {
    ProcessLock lock = manager.lock();
    ProcessCondition thrown = lock.newCondition();
    ManagedValue<String> ball = manager.value("held");
    return new Use(
        me -> {
          lock.lock();
          try {
            if (me == 1) {
              thrown.awaitTrue(() -> ball.get().equals("in the air"));
              ball.set("caught");
            } else {
              ball.set("in the air");
              thrown.signal();
            }
          } finally {
            lock.unlock();
          }
        },
        ball::get);
  }

  private static Use event(Manager manager) {
    ProcessEvent event = manager.event();
    ManagedList<String> story = manager.list();
    return new Use(
        me -> {
          if (me == 1) {
            event.await();
            story.add("1 goes on");
          } else {
            story.add("2 sets it");
            event.set();
          }
        },
        () -> story);
  }

  private static Use barrier(Manager manager) {
    ProcessBarrier barrier = manager.barrier(2);
    ManagedList<Integer> told = manager.list();
    return new Use(me -> told.add(barrier.await()), () -> sorted(told));
  }

  /** With room for one number at a time. */
  private static Use queue(Manager manager) {
    ManagedQueue<Integer> numbers = manager.queue(1);
    ManagedQueue<Integer> squares = manager.queue(5);
    return new Use(
        me -> {
          for (int i = 1; i <= 5; i++) {
            if (me == 1) {
              numbers.put(i);
            } else {
              int number = numbers.take();
              squares.put(number * number);
            }
          }
        },
        () -> drained(squares));
  }

  private static Use value(Manager manager) {
    ManagedValue<Integer> value = manager.value(0);
    return new Use(
        me -> {
          for (int i = 0; i < TIMES; i++) {
            value.updateAndGet(n -> n + 1);
          }
        },
        value::get);
  }

  private static Use array(Manager manager) {
    ManagedArray<Integer> array = manager.array(3);
    array.setAll(0, List.of(10, 20, 30));
    return new Use(
        me -> {
          for (int i = 0; i < array.length(); i++) {
            array.updateAndGet(i, n -> n + me);
          }
        },
        array::toList);
  }

  private static Use map(Manager manager) {
    ManagedMap<String, Integer> map = manager.map();
    return new Use(
        me -> {
          for (int i = 0; i < TIMES; i++) {
            map.merge("total", 1, (a, b) -> a + b);
          }
        },
        () -> map);
  }

  private static Use sortedMap(Manager manager) {
    ManagedSortedMap<Integer, String> map = manager.sortedMap();
    return new Use(
        me -> {
          map.put(me + 2, "child " + me);
          map.put(me, "child " + me);
        },
        () -> map);
  }

  private static Use set(Manager manager) {
    ManagedSet<Integer> set = manager.set();
    return new Use(me -> set.addAll(List.of(me, 0)), () -> new TreeSet<>(set));
  }

  private static Use deque(Manager manager) {
    ManagedDeque<Integer> deque = manager.deque(4);
    return new Use(
        me -> {
          if (me == 1) {
            deque.putFirst(2);
            deque.putFirst(1);
          } else {
            deque.putLast(3);
            deque.putLast(4);
          }
        },
        () -> drained(deque));
  }

  private static Use priorityQueue(Manager manager) {
    ManagedQueue<Integer> queue = manager.priorityQueue(4);
    return new Use(
        me -> {
          queue.put(me + 2);
          queue.put(me);
        },
        () -> drained(queue));
  }

  private static Use atomicLong(Manager manager) {
    ManagedLong number = manager.atomicLong();
    return new Use(
        me -> {
          for (int i = 0; i < TIMES; i++) {
            number.incrementAndGet();
          }
        },
        number::get);
  }

  private static Use countDownLatch(Manager manager) {
    ProcessCountDownLatch latch = manager.countDownLatch(2);
    ManagedList<Integer> counts = manager.list();
    return new Use(
        me -> {
          latch.countDown();
          latch.await();
          counts.add(latch.count());
        },
        () -> counts);
  }

  private static List<Integer> sorted(List<Integer> list) {
    List<Integer> copy = new ArrayList<>(list);
    Collections.sort(copy);
    return copy;
  }

  private static List<Integer> drained(ManagedQueue<Integer> queue) {
    List<Integer> elements = new ArrayList<>();
    queue.drainTo(elements);
    return elements;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
