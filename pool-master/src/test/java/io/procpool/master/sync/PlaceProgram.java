// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.ipc.SessionDirectory;
import io.procpool.ipc.memory.Session;
import io.procpool.master.process.Faults;
import io.procpool.shared.OutOfSharedMemoryException;
import io.procpool.shared.SharedByteArray;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A program of its own that shares memory at a bad place, and prints what happens, line by line. */
final class PlaceProgram {
  private PlaceProgram() {}

  /** Argument: what to do. */
  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "make" -> make();
      case "fill" -> fill();
      case "deleted" -> deleted();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void make() {
    try (ProcessLock lock = ProcessLock.create()) {
      lock.lock();
      lock.unlock();
      System.out.println("made in " + Path.of(Session.current().path()).getParent());
    } catch (RuntimeException e) {
      print(e);
    }
  }

  private static void print(RuntimeException e) {
    System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
  }

  /** Makes things until there is no room, and goes on using what there is. */
  private static void fill() throws Exception {
    try (Pool pool = Pool.open(PoolOptions.builder().workers(2).build());
        ProcessLock lock = ProcessLock.create();
        ProcessCondition condition = lock.newCondition();
        SharedInt value = SharedInt.create(0)) {
      Faults.awaitFull(pool);
      List<AutoCloseable> hoard = new ArrayList<>();
      int bytes = 16 << 20;
      while (bytes > 0) {
        try {
          hoard.add(bytes > 8000 ? SharedByteArray.create(bytes) : ProcessBarrier.create(500));
        } catch (OutOfSharedMemoryException full) {
          if (bytes > 8000) {
            bytes >>= 8;
          } else {
            System.out.println("full: " + full.getMessage());
            System.out.println("asked for more than there was: "
                + (full.requestedBytes() > full.availableBytes() && full.availableBytes() >= 0));
            bytes = 0;
          }
        }
      }
      System.out.println("hoarded many: " + (hoard.size() > 20));
      for (int i = 0; i < 100; i++) {
        lock.lock();
        value.setPlain(value.getPlain() + 1);
        lock.unlock();
      }
      List<Integer> numbers = pool.map(
          n -> {
            lock.lock();
            try {
              value.setPlain(value.getPlain() + 1);
              condition.signalAll();
              return n;
            } finally {
              lock.unlock();
            }
          },
          hundred());
      lock.lock();
      condition.awaitTrue(() -> value.getPlain() == 200);
      lock.unlock();
      System.out.println("counted: " + value.get() + " " + numbers.size());
      for (AutoCloseable each : hoard) {
        each.close();
      }
      hoard.clear(); // what is closed stays mapped as long as one refers to it
      ProcessBarrier.create(500).close();
      SharedByteArray.create(1 << 20).close();
      System.out.println("room again");
    }
  }

  private static List<Integer> hundred() {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      numbers.add(i);
    }
    return numbers;
  }

  /** Goes on when somebody has removed everything. */
  private static void deleted() throws Exception {
    try (Pool pool = Pool.open(PoolOptions.builder().workers(1).build());
        ProcessLock lock = ProcessLock.create();
        SharedInt value = SharedInt.create(0)) {
      pool.apply(() -> {
        lock.lock();
        value.set(1);
        lock.unlock();
        return true;
      });
      SessionDirectory.delete(Path.of(Session.current().path()).toFile());
      lock.lock();
      System.out.println("still there: " + value.get());
      lock.unlock();
      try {
        SharedByteArray.create(1 << 20);
      } catch (RuntimeException e) {
        print(e);
      }
    }
  }
}
