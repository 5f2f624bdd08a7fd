// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ManagedQueueTest {
  private static Manager manager;

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  /** A thread in a call that waits. */
  private static <T> Waiting<T> begin(Callable<T> call) {
    FutureTask<T> result = new FutureTask<>(call);
    Thread thread = new Thread(result, "queue-test");
    thread.setDaemon(true);
    thread.start();
    Faults.awaitLong("the thread to wait")
        .until(() -> thread.getState() == Thread.State.TIMED_WAITING
            || thread.getState() == Thread.State.WAITING
            || isInSelect(thread));
    return new Waiting<>(thread, result);
  }

  private static boolean isInSelect(Thread thread) {
    return List.of(thread.getStackTrace()).toString().contains("select");
  }

  private record Waiting<T>(Thread thread, FutureTask<T> result) {
    T value() throws Exception {
      return result.get(20, TimeUnit.SECONDS);
    }
  }

  private record Letter(String text) implements Serializable {}

  /** Random operations, against a deque. */
  @Test
  void anyOperations_asModel() {
    long seed = Long.getLong("procpool.test.seed", System.nanoTime());
    Random random = new Random(seed);
    for (boolean lifo : new boolean[] {false, true}) {
      ManagedQueue<Object> queue = lifo ? manager.lifoQueue(8) : manager.queue(8);
      Deque<Object> model = new ArrayDeque<>();
      for (int i = 0; i < 1500; i++) {
        Object element = random.nextBoolean() ? random.nextInt(4) : new Letter("x" + i % 3);
        String name = "lifo " + lifo + ", step " + i + ", seed " + seed;
        switch (random.nextInt(9)) {
          case 0, 1, 2 -> {
            boolean fits = model.size() < 8;
            assertThat(queue.offer(element)).as(name).isEqualTo(fits);
            if (fits) {
              model.addLast(element);
            }
          }
          case 3, 4 -> assertThat(queue.poll()).as(name).isEqualTo(taken(model, lifo));
          case 5 ->
            assertThat(queue.peek())
                .as(name)
                .isEqualTo(lifo ? model.peekLast() : model.peekFirst());
          case 6 -> assertThat(queue.contains(element)).as(name).isEqualTo(model.contains(element));
          case 7 -> assertThat(queue.remove(element)).as(name).isEqualTo(model.remove(element));
          default -> {
            assertThat(queue.size()).as(name).isEqualTo(model.size());
            assertThat(queue.remainingCapacity()).as(name).isEqualTo(8 - model.size());
          }
        }
        List<Object> order = new ArrayList<>(model);
        if (lifo) {
          java.util.Collections.reverse(order);
        }
        assertThat(new ArrayList<>(queue)).as(name).isEqualTo(order);
      }
    }
  }

  private static @Nullable Object taken(Deque<Object> model, boolean lifo) {
    return lifo ? model.pollLast() : model.pollFirst();
  }

  @Test
  void take_empty_waitsUntilSomethingIsPut() throws Exception {
    ManagedQueue<String> queue = manager.queue(1);
    Waiting<String> first = begin(queue::take);
    Waiting<String> second = begin(queue::take);
    queue.put("one");
    assertThat(first.value()).isEqualTo("one");
    assertThat(second.result().isDone()).isFalse();
    queue.put("two");
    assertThat(second.value()).isEqualTo("two");
  }

  @Test
  void put_full_waitsForRoom() throws Exception {
    ManagedQueue<Integer> queue = manager.queue(1);
    queue.put(1);
    assertThat(queue.offer(2)).isFalse();
    assertThatThrownBy(() -> queue.add(2)).isInstanceOf(IllegalStateException.class);
    Waiting<Boolean> putting = begin(() -> {
      queue.put(2);
      return true;
    });
    assertThat(queue.take()).isEqualTo(1);
    assertThat(putting.value()).isTrue();
    assertThat(queue.take()).isEqualTo(2);
  }

  @Test
  void timeouts_over_nothingIsDone() throws Exception {
    ManagedQueue<Integer> queue = manager.queue(1);
    long start = System.nanoTime();
    assertThat(queue.poll(80, TimeUnit.MILLISECONDS)).isNull();
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(80_000_000L);
    queue.put(1);
    assertThat(queue.offer(2, 80, TimeUnit.MILLISECONDS)).isFalse();
    assertThat(queue.take()).isEqualTo(1);
    assertThat(queue.poll()).isNull();
  }

  /** An interrupted taker takes nothing, and who waits behind it is next. */
  @Test
  void interrupt_whileWaiting_noElementIsLost() throws Exception {
    ManagedQueue<Integer> queue = manager.queue(1);
    for (int i = 0; i < LongForm.choose(100, 20); i++) {
      Waiting<Integer> interrupted = begin(queue::take);
      interrupted.thread().interrupt();
      assertThat(queue.offer(i)).isTrue();
      Integer left = queue.poll();
      if (left == null) {
        assertThat(interrupted.value()).isEqualTo(i);
      } else {
        assertThat(left).isEqualTo(i);
        assertThatThrownBy(interrupted::value).hasCauseInstanceOf(InterruptedException.class);
      }
    }
  }

  /** A killed child that waits takes nothing with it. */
  @Test
  void waitingClient_killed_isForgotten() throws Exception {
    ManagedQueue<Integer> queue = manager.queue(10);
    ManagedList<String> began = manager.list();
    ChildProcess child = ChildProcess.start(() -> {
      began.add("now");
      queue.take();
    });
    Faults.awaitLong("the child to begin").until(() -> !began.isEmpty());
    child.kill();
    child.join();
    Faults.awaitLong("the server to see that").until(() -> {
      queue.put(1);
      return Integer.valueOf(1).equals(queue.poll(100, TimeUnit.MILLISECONDS));
    });
    queue.put(2);
    assertThat(queue.take()).isEqualTo(2);
  }

  @Test
  void producersAndConsumers_inProcesses_eachElementOnce() throws Exception {
    ManagedQueue<Integer> queue = manager.queue(5);
    ManagedList<Integer> taken = manager.list();
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      int from = 100 * i;
      children.add(ChildProcess.start(() -> {
        for (int j = 0; j < 100; j++) {
          queue.put(from + j);
        }
      }));
      children.add(ChildProcess.start(() -> {
        List<Integer> mine = new ArrayList<>();
        for (int j = 0; j < 100; j++) {
          mine.add(queue.take());
        }
        taken.addAll(mine);
      }));
    }
    for (ChildProcess child : children) {
      child.join();
      assertThat(child.exitCode()).hasValue(0);
    }
    assertThat(taken)
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 200).boxed().toList());
  }

  @Test
  void join_untilAllIsDealtWith_waits() throws Exception {
    ManagedQueue<Integer> queue = manager.queue(10);
    queue.join();
    queue.put(1);
    queue.put(2);
    assertThatThrownBy(queue::taskDone).isInstanceOf(IllegalStateException.class);
    Waiting<Boolean> joining = begin(() -> {
      queue.join();
      return true;
    });
    queue.take();
    queue.taskDone();
    queue.take();
    assertThat(joining.result().isDone()).isFalse();
    queue.taskDone();
    assertThat(joining.value()).isTrue();
  }

  @Test
  void bad_arguments_sayWhat() {
    assertThatThrownBy(() -> manager.queue(0)).hasMessage("capacity: 0 (expected: 1 or more)");
    ManagedQueue<String> queue = manager.queue(1);
    assertThatThrownBy(() -> queue.put(null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> queue.drainTo(queue)).isInstanceOf(IllegalArgumentException.class);
  }
}
