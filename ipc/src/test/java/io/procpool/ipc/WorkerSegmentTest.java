// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.TaskProgress;
import io.procpool.ipc.WorkerSegment.UnitState;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What master and worker may do to a unit at the same time. */
@Timeout(60)
final class WorkerSegmentTest {
  private static final int ROUNDS = Integer.getInteger("procpool.test.segmentRounds", 2_000);
  private static final int ITEMS = 8;

  @TempDir
  Path directory;

  private WorkerSegment segment;
  private volatile int struck; // the unit at which the master has struck

  @BeforeEach
  void makeSegment() throws Exception {
    segment = WorkerSegment.create(directory.resolve("segment"));
  }

  /** Runs something against a worker that goes through the items of units; both begin each unit together. */
  private void race(Worker worker, Master master) throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    CyclicBarrier end = new CyclicBarrier(2);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread thread = new Thread(() -> {
      try {
        for (int seq = 1; seq <= ROUNDS; seq++) {
          start.await(10, TimeUnit.SECONDS);
          worker.run(seq);
          end.await(10, TimeUnit.SECONDS);
        }
      } catch (Throwable failed) {
        failure.set(failed);
      }
    });
    thread.start();
    for (int seq = 1; seq <= ROUNDS && failure.get() == null; seq++) {
      segment.offer(seq, ITEMS);
      start.await(10, TimeUnit.SECONDS);
      Runnable check = master.strike(seq);
      struck = seq;
      end.await(10, TimeUnit.SECONDS);
      check.run();
    }
    thread.join(10_000);
    assertThat(failure.get()).isNull();
  }

  /** Takes a little time, not always the same; the item that is struck at waits for that now and then. */
  private void work(int seq, int item) {
    boolean waits = seq % 16 < 2 && item == target(seq);
    for (int i = 0; i < seq % 23 || (waits && struck != seq); i++) {
      Thread.onSpinWait();
    }
  }

  /** Waits until an item has begun, and then a little longer, not always the same. */
  private void awaitBegun(int seq, int item) {
    while (segment.begun(seq) < item + 1 && segment.state(seq) != UnitState.DONE) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < seq % 41; i++) {
      Thread.onSpinWait();
    }
  }

  private static int target(int seq) {
    return seq / 16 % ITEMS;
  }

  private interface Worker {
    void run(int seq);
  }

  private interface Master {
    /** Does something while the worker runs; returns what is to be checked afterwards. */
    Runnable strike(int seq);
  }

  /** After a successful kill because of an item the worker begins nothing else; after a failed one, it is not held up. */
  @Test
  void kill_racingWithTheEndOfTheItem_hitsThatItemOrNothing() throws Exception {
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger hits = new AtomicInteger();
    race(
        seq -> {
          begun.set(0);
          if (segment.begin(seq)) {
            do {
              work(seq, begun.getAndIncrement());
            } while (segment.beginItem(seq));
            segment.end(seq);
          }
        },
        seq -> {
          int item = target(seq);
          awaitBegun(seq, item);
          boolean killed = segment.kill(seq, item);
          hits.addAndGet(killed ? 1 : 0);
          return () -> {
            assertThat(begun.get()).as("items begun").isEqualTo(killed ? item + 1 : ITEMS);
            assertThat(segment.state(seq)).isEqualTo(killed ? UnitState.KILLED : UnitState.DONE);
          };
        });
    assertThat(hits.get()).as("kills that won").isBetween(1, ROUNDS);
  }

  /** An item that was marked is left only by way of {@code settle} or {@code end}, and no other item is found marked. */
  @Test
  void overdue_racingWithTheEndOfTheItem_marksThatItemOrNone() throws Exception {
    AtomicInteger settledAt = new AtomicInteger();
    AtomicInteger hits = new AtomicInteger();
    race(
        seq -> {
          settledAt.set(-1);
          int item = 0;
          boolean more = segment.begin(seq);
          while (more) {
            work(seq, item);
            more = segment.beginItem(seq);
            if (!more && segment.isOverdue(seq) && segment.settle(seq)) {
              settledAt.set(item);
              more = segment.beginItem(seq);
            }
            item++;
          }
          if (segment.end(seq) == UnitState.OVERDUE) {
            settledAt.set(item - 1);
          }
        },
        seq -> {
          int item = target(seq);
          awaitBegun(seq, item);
          boolean marked = segment.overdue(seq, item);
          hits.addAndGet(marked ? 1 : 0);
          return () -> {
            assertThat(settledAt.get()).as("item found marked").isEqualTo(marked ? item : -1);
            assertThat(segment.state(seq)).isEqualTo(UnitState.DONE);
          };
        });
    assertThat(hits.get()).as("marks that were made").isBetween(1, ROUNDS);
  }

  /** What is half written is not read. */
  @Test
  void progress_whileItChanges_isReadWhole() throws Exception {
    segment.report(0, new byte[0], 0);
    assertThat(segment.progress()).isEqualTo(new TaskProgress(0, ""));
    Thread writer = new Thread(() -> {
      byte[][] messages = new byte[26][];
      for (int i = 0; i < messages.length; i++) {
        messages[i] =
            String.valueOf((char) ('a' + i)).repeat(10 * i).getBytes(StandardCharsets.US_ASCII);
      }
      for (int i = 0; i < 50 * ROUNDS; i++) {
        byte[] message = messages[i % messages.length];
        segment.report(0.5, message, message.length);
      }
    });
    writer.start();
    while (writer.isAlive()) {
      String message = segment.progress().message();
      if (!message.isEmpty()) {
        char first = message.charAt(0);
        assertThat(message).isEqualTo(String.valueOf(first).repeat(10 * (first - 'a')));
      }
    }
    writer.join();
  }
}
