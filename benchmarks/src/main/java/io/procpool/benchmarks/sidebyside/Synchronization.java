// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.shared.SharedLong;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.util.Map;

/** Locks that are free, locks that two processes want, and two processes that wait for each other in turn. */
final class Synchronization {
  private static final double GIGA = 1e9;

  private Synchronization() {}

  /** Nanoseconds to acquire and release a lock that nobody else uses: {@code plain}, {@code reentrant}. */
  static Map<String, Double> lock(Effort effort) throws Exception {
    try (ProcessLock plain = ProcessLock.create();
        ProcessLock reentrant = ProcessLock.reentrant()) {
      return Map.of("plain", free(effort, plain), "reentrant", free(effort, reentrant));
    }
  }

  private static double free(Effort effort, ProcessLock lock) throws Exception {
    int count = effort.choose(5_000_000, 1000);
    return GIGA
        / Throughput.rate(effort, count, () -> {
          long before = token(lock);
          acquireAndRelease(lock, count);
          checkHolds(lock, before, count);
        });
  }

  /** Acquisitions per second, in all, of a plain lock that two processes want as fast as they can: {@code rate}. */
  static Map<String, Double> lockContended(Effort effort) throws Exception {
    int count = effort.choose(2_000_000, 1000);
    try (ProcessLock lock = ProcessLock.create()) {
      long before = token(lock);
      double rate = TwoProcesses.rate(effort, 2 * count, () -> acquireAndRelease(lock, count));
      checkHolds(lock, before, 2 * count);
      return Map.of("rate", rate);
    }
  }

  private static void acquireAndRelease(ProcessLock lock, int count) {
    for (int i = 0; i < count; i++) {
      lock.lock();
      lock.unlock();
    }
  }

  /** Each hold has a larger number than any before it. */
  private static void checkHolds(ProcessLock lock, long before, int atLeast) {
    Checks.equal(token(lock) - before > atLeast, true);
    Checks.equal(lock.isLocked(), false);
  }

  private static long token(ProcessLock lock) {
    lock.lock();
    try {
      return lock.fencingToken();
    } finally {
      lock.unlock();
    }
  }

  /** Increments per second, in all, of a number that two processes change under its lock: {@code rate}. */
  static Map<String, Double> lockedIncrement(Effort effort) throws Exception {
    int count = effort.choose(2_000_000, 1000);
    try (SharedLong number = SharedLong.create(0);
        SharedLong expected = SharedLong.create(0)) {
      double rate = TwoProcesses.rate(effort, 2 * count, () -> {
        increment(number, count);
        expected.addAndGet(count);
      });
      Checks.equal(number.get(), expected.get());
      return Map.of("rate", rate);
    }
  }

  private static void increment(SharedLong number, int count) {
    ProcessLock lock = number.lock();
    for (int i = 0; i < count; i++) {
      lock.lock();
      try {
        number.setPlain(number.getPlain() + 1);
      } finally {
        lock.unlock();
      }
    }
  }

  /** Two processes that release a semaphore for each other, in turn: {@code p50}, {@code p99} of a round in microseconds. */
  static Map<String, Double> semaphore(Effort effort) throws Exception {
    try (ProcessSemaphore ping = ProcessSemaphore.create(0);
        ProcessSemaphore pong = ProcessSemaphore.create(0)) {
      Map<String, Double> figures = TwoProcesses.roundTrip(
          effort,
          () -> {
            ping.release();
            pong.acquire();
          },
          () -> {
            ping.acquire();
            pong.release();
          });
      Checks.equal(ping.availablePermits() + pong.availablePermits(), 0);
      return figures;
    }
  }

  /** Two processes that set an event for each other, in turn: {@code p50}, {@code p99} of a round in microseconds. */
  static Map<String, Double> event(Effort effort) throws Exception {
    try (ProcessEvent ping = ProcessEvent.create();
        ProcessEvent pong = ProcessEvent.create()) {
      Map<String, Double> figures = TwoProcesses.roundTrip(
          effort,
          () -> {
            ping.set();
            awaitAndClear(pong);
          },
          () -> {
            awaitAndClear(ping);
            pong.set();
          });
      Checks.equal(ping.isSet() || pong.isSet(), false);
      return figures;
    }
  }

  private static void awaitAndClear(ProcessEvent event) throws InterruptedException {
    event.await();
    event.clear();
  }

  /** Two processes that meet at a barrier again and again: {@code p50}, {@code p99} of a round in microseconds. */
  static Map<String, Double> barrier(Effort effort) throws Exception {
    try (ProcessBarrier barrier = ProcessBarrier.create(2)) {
      Map<String, Double> figures = TwoProcesses.roundTrip(effort, barrier::await, barrier::await);
      Checks.equal(barrier.waiting(), 0);
      return figures;
    }
  }
}
