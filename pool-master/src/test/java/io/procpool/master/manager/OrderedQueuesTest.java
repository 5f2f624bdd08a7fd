// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.ManagedDeque;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.ServerFunctions;
import io.procpool.master.process.Faults;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Queues with two ends, and those whose lowest element comes first. */
@Timeout(120)
class OrderedQueuesTest {
  private static Manager manager;
  private final long seed = Long.getLong("procpool.test.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  /** An errand; those of one urgency are equal in rank, but no two are equal. */
  private record Errand(int urgency, String name) implements Comparable<Errand>, Serializable {
    @Override
    public int compareTo(Errand other) {
      if (urgency == 99) {
        throw new IllegalStateException("nobody can tell");
      }
      return Integer.compare(urgency, other.urgency);
    }
  }

  private static <T> FutureTask<T> begin(Callable<T> call) {
    FutureTask<T> begun = new FutureTask<>(call);
    Thread thread = new Thread(begun, "queues-test");
    thread.setDaemon(true);
    thread.start();
    return begun;
  }

  // Deque.

  private interface Step {
    @Nullable
    Object on(BlockingDeque<Object> deque) throws Exception;
  }

  private static Object outcome(BlockingDeque<Object> deque, Step step) {
    try {
      Object result = step.on(deque);
      return result == null ? "null" : result;
    } catch (Exception e) {
      return e.getClass();
    }
  }

  @Test
  void deque_anyOperations_asLinkedBlockingDeque() {
    ManagedDeque<Object> remote = manager.deque(6);
    LinkedBlockingDeque<Object> model = new LinkedBlockingDeque<>(6);
    for (int i = 0; i < 2500; i++) {
      Object element = random.nextInt(30) == 0
          ? null
          : random.nextBoolean() ? (Object) random.nextInt(4) : new Errand(i % 3, "x");
      int which = random.nextInt(32);
      String name = "step " + i + " of kind " + which + " with " + element + ", seed " + seed;
      Step step = step(which, element);
      assertThat(outcome(remote, step)).as(name).isEqualTo(outcome(model, step));
      assertThat(new ArrayList<>(remote)).as(name).isEqualTo(new ArrayList<>(model));
    }
  }

  private static Step step(int which, @Nullable Object element) {
    return switch (which) {
      case 0, 1 -> deque -> deque.offerFirst(element);
      case 2, 3 -> deque -> deque.offerLast(element);
      case 4 -> deque -> deque.offerFirst(element, 0, TimeUnit.SECONDS);
      case 5 -> deque -> deque.offerLast(element, 1, TimeUnit.MILLISECONDS);
      case 6 ->
        deque -> {
          deque.addFirst(element);
          return null;
        };
      case 7 ->
        deque -> {
          deque.addLast(element);
          return null;
        };
      case 8 ->
        deque -> {
          deque.push(element);
          return null;
        };
      case 9 -> deque -> deque.add(element);
      case 10 -> deque -> deque.offer(element);
      case 11 -> BlockingDeque::pollFirst;
      case 12 -> BlockingDeque::pollLast;
      case 13 -> deque -> deque.pollFirst(1, TimeUnit.MILLISECONDS);
      case 14 -> deque -> deque.pollLast(0, TimeUnit.MILLISECONDS);
      case 15 -> BlockingDeque::removeFirst;
      case 16 -> BlockingDeque::removeLast;
      case 17 -> BlockingDeque::pop;
      case 18 -> BlockingDeque::peekFirst;
      case 19 -> BlockingDeque::peekLast;
      case 20 -> BlockingDeque::getFirst;
      case 21 -> BlockingDeque::getLast;
      case 22 -> deque -> deque.removeFirstOccurrence(element);
      case 23 -> deque -> deque.removeLastOccurrence(element);
      case 24 -> deque -> deque.contains(element);
      case 25 -> BlockingDeque::remainingCapacity;
      case 26 ->
        deque -> {
          List<Object> all = new ArrayList<>();
          deque.descendingIterator().forEachRemaining(all::add);
          return all;
        };
      case 27 -> BlockingDeque::element;
      case 28 -> BlockingDeque::remove;
      case 29 -> deque -> deque.isEmpty() ? null : deque.takeLast();
      case 30 -> deque -> deque.isEmpty() ? null : deque.takeFirst();
      default -> BlockingDeque::size;
    };
  }

  @Test
  void deque_waitersAtBothEnds_getWhatComes() throws Exception {
    ManagedDeque<String> deque = manager.deque(2);
    FutureTask<String> last = begin(deque::takeLast);
    FutureTask<String> first = begin(deque::takeFirst);
    deque.putFirst("one");
    deque.putLast("two");
    assertThat(List.of(last.get(20, TimeUnit.SECONDS), first.get(20, TimeUnit.SECONDS)))
        .containsExactlyInAnyOrder("one", "two");

    deque.putLast("b");
    deque.putLast("c");
    FutureTask<Boolean> front = begin(() -> deque.offerFirst("a", 20, TimeUnit.SECONDS));
    assertThat(deque.takeLast()).isEqualTo("c");
    assertThat(front.get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(deque).containsExactly("a", "b");
    for (int taken = 0; taken < 3; taken++) {
      deque.taskDone();
    }
    assertThatThrownBy(() -> {
          deque.clear();
          deque.taskDone();
        })
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> manager.queue(2).getClass().getMethod("pollLast"))
        .isInstanceOf(NoSuchMethodException.class);
  }

  // Priority.

  @Test
  void priorityQueue_anyOperations_lowestFirstAndEqualOnesInTurn() {
    ServerFunctions.Order<Errand> mostUrgentFirst =
        (one, other) -> Integer.compare(other.urgency(), one.urgency());
    priority(manager.priorityQueue(8), Comparator.comparing(Errand::urgency));
    priority(manager.priorityQueue(8, mostUrgentFirst), mostUrgentFirst);
  }

  private void priority(ManagedQueue<Errand> queue, Comparator<Errand> order) {
    List<Errand> model = new ArrayList<>();
    for (int i = 0; i < 1500; i++) {
      String name = "step " + i + ", seed " + seed;
      Errand errand = new Errand(random.nextInt(4), "e" + random.nextInt(20));
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> {
          assertThat(queue.offer(errand)).as(name).isEqualTo(model.size() < 8);
          if (model.size() < 8) {
            model.add(errand);
            model.sort(order); // keeps equal ones in their order
          }
        }
        case 3, 4 ->
          assertThat(queue.poll()).as(name).isEqualTo(model.isEmpty() ? null : model.remove(0));
        case 5 -> assertThat(queue.remove(errand)).as(name).isEqualTo(model.remove(errand));
        case 6 ->
          assertThat(queue.peek()).as(name).isEqualTo(model.isEmpty() ? null : model.get(0));
        default -> assertThat(queue.contains(errand)).as(name).isEqualTo(model.contains(errand));
      }
      assertThat(new ArrayList<>(queue)).as(name).isEqualTo(model);
      assertThat(queue.size()).as(name).isEqualTo(model.size());
      assertThat(queue.remainingCapacity()).as(name).isEqualTo(8 - model.size());
    }
  }

  /** Who waits for room is let in first come, first served, and then takes the place of his element. */
  @Test
  void priorityQueue_full_waitingOnesGetTheirPlaceWhenThereIsRoom() throws Exception {
    ManagedQueue<Integer> queue = manager.priorityQueue(2);
    queue.put(5);
    queue.put(7);
    FutureTask<Boolean> waits = begin(() -> queue.offer(1, 30, TimeUnit.SECONDS));
    FutureTask<Boolean> givesUp = begin(() -> queue.offer(0, 50, TimeUnit.MILLISECONDS));
    assertThat(givesUp.get(20, TimeUnit.SECONDS)).isFalse();
    assertThat(queue).containsExactly(5, 7);
    assertThat(queue.take()).isEqualTo(5);
    assertThat(waits.get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(queue).containsExactly(1, 7);
    queue.clear();
    assertThat(queue.poll()).isNull();
    FutureTask<Integer> taker = begin(queue::take);
    queue.put(3);
    assertThat(taker.get(20, TimeUnit.SECONDS)).isEqualTo(3);
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void priorityQueue_notComparable_saysSoAndGoesOn() throws Exception {
    ManagedQueue<Object> queue = manager.priorityQueue(10);
    queue.put(1);
    assertThatThrownBy(() -> queue.put("text")).isInstanceOf(ClassCastException.class);
    assertThatThrownBy(() -> queue.put(List.of(1))).isInstanceOf(ClassCastException.class);
    assertThat(queue.poll()).isEqualTo(1);
    queue.put(new Errand(1, "first"));
    assertThatThrownBy(() -> queue.put(new Errand(99, "x")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("nobody can tell");
    queue.put(new Errand(0, "before"));
    assertThat(queue.poll()).isEqualTo(new Errand(0, "before"));
    assertThat(queue.poll()).isEqualTo(new Errand(1, "first"));
    assertThatThrownBy(queue::remove).isInstanceOf(NoSuchElementException.class);
    queue.put("text");
    queue.put("a");
    assertThat(queue.take()).isEqualTo("a");
  }

  private static final class Slow implements ServerFunctions.Order<Integer> {
    private static final long serialVersionUID = 1;
    static volatile boolean goOn;

    @Override
    public int compare(Integer one, Integer other) {
      while (!goOn && !one.equals(other)) {
        Thread.onSpinWait();
      }
      return Integer.compare(one, other);
    }
  }

  /** An element whose put was given up, or was too late, is forgotten, with what is in it. */
  @Test
  void priorityQueue_putGivenUp_elementIsForgotten() throws Exception {
    try (Manager own = Manager.start(ManagerOptions.builder().hosted(true).build())) {
      ManagedQueue<List<Object>> queue = own.priorityQueue(
          1, (one, other) -> ((Integer) one.get(0)).compareTo((Integer) other.get(0)));
      queue.put(List.of(2));
      assertThat(queue.offer(List.of(1, own.list()), 50, TimeUnit.MILLISECONDS)).isFalse();
      CompletableFuture<?> put = queue.async().put(List.of(1, own.list()));
      assertThat(queue.size()).isEqualTo(1); // so it waits now
      assertThat(put.cancel(true)).isTrue();
      assertThat(queue.poll()).isEqualTo(List.of(2));
      Faults.awaitLong("the lists to go").until(() -> {
        System.gc();
        return own.objectCount() == 1;
      });
      assertThat(queue.poll()).isNull();
    }
  }

  /** An order that takes its time holds up its own queue, and nobody else. */
  @Test
  void priorityQueue_slowOrder_costsOthersNothing() throws Exception {
    ManagedQueue<Integer> slow = manager.priorityQueue(10, new Slow());
    slow.put(2);
    FutureTask<Boolean> putting = begin(() -> slow.offer(1));
    manager.list().add("others go on");
    FutureTask<Integer> taking = begin(slow::take);
    manager.list().add("still");
    assertThat(putting.isDone()).isFalse();
    Slow.goOn = true;
    assertThat(putting.get(20, TimeUnit.SECONDS)).isTrue();
    assertThat(taking.get(20, TimeUnit.SECONDS)).isBetween(1, 2);
  }

  private static final class NotHere implements ServerFunctions.Order<Integer> {
    private static final long serialVersionUID = 1;

    @Override
    public int compare(Integer one, Integer other) {
      return 0;
    }

    private Object readResolve() {
      throw new IllegalStateException("not here");
    }
  }

  @Test
  void priorityQueue_orderCannotBeRebuilt_saysSo() {
    assertThatThrownBy(() -> manager.priorityQueue(10, new NotHere()))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("not here");
    assertThatThrownBy(() -> manager.sortedMap(new NotHere()))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("not here");
    assertThatThrownBy(() -> manager.priorityQueue(0))
        .hasMessage("capacity: 0 (expected: 1 or more)");
  }

  /** Three processes put, three take until all is dealt with: each element once, and join comes back. */
  @Test
  void priorityQueue_severalProcesses_eachElementOnce() throws Exception {
    ManagedQueue<Errand> queue = manager.priorityQueue(20);
    ManagedQueue<Errand> done = manager.queue(1000);
    int pairs = LongForm.choose(3, 2);
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      String name = "p" + i;
      children.add(ChildProcess.start(() -> {
        for (int j = 0; j < 60; j++) {
          queue.put(new Errand(j % 5, name + "-" + j));
        }
      }));
      children.add(ChildProcess.start(() -> {
        for (int j = 0; j < 60; j++) {
          done.put(queue.take());
          queue.taskDone();
        }
      }));
    }
    for (ChildProcess child : children) {
      child.join();
      assertThat(child.exitCode()).hasValue(0);
    }
    queue.join();
    Faults.awaitLong("all to be done").until(() -> done.size() == 60 * pairs);
    assertThat(new ArrayList<>(done).stream().map(Errand::name))
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 60 * pairs)
            .mapToObj(n -> "p" + n / 60 + "-" + n % 60)
            .toList());
  }
}
