// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.manager.Linearizability.Model;
import io.procpool.master.manager.Linearizability.Operation;
import io.procpool.master.manager.Linearizability.Outcome;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever threads and processes do at the same time looks as if it were done one after the other, each thing between its call and its return. */
@Timeout(300)
class LinearizabilityTest {
  private static final int HISTORIES = 40;
  private static final int CLIENTS = 3;
  private static final int OPERATIONS = 8;

  private static Manager manager;
  private final long seed = Long.getLong("procpool.test.seed", System.nanoTime());

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  /** Does an operation by its name; is sent to other processes. */
  private interface Subject extends Serializable {
    @Nullable
    Object run(String name, @Nullable Object first, @Nullable Object second) throws Exception;
  }

  // What is looked at.

  private static final List<String> MAP = List.of(
      "put", "put", "get", "get", "remove", "putIfAbsent", "replace", "merge", "mergeHere", "size");

  private static final class OfMap implements Subject {
    private static final long serialVersionUID = 1;
    private final ManagedMap<Integer, Integer> map;

    OfMap(ManagedMap<Integer, Integer> map) {
      this.map = map;
    }

    @Override
    public @Nullable Object run(String name, @Nullable Object first, @Nullable Object second) {
      Integer key = (Integer) first;
      Integer value = (Integer) second;
      int[] notSent = {0};
      return switch (name) {
        case "put" -> map.put(key, value);
        case "get" -> map.get(key);
        case "remove" -> map.remove(key);
        case "putIfAbsent" -> map.putIfAbsent(key, value);
        case "replace" -> map.replace(key, 0, value);
        case "merge" -> map.merge(key, value, (a, b) -> a + b);
        case "mergeHere" ->
          ((Map<Integer, Integer>) map).merge(key, value, (a, b) -> a + b + notSent[0]);
        default -> map.size();
      };
    }
  }

  private static final Model<Map<Integer, Integer>> MAP_MODEL = new Model<>() {
    @Override
    public Map<Integer, Integer> initial() {
      return Map.of();
    }

    @Override
    public Outcome<Map<Integer, Integer>> apply(Map<Integer, Integer> state, Operation operation) {
      Map<Integer, Integer> next = new HashMap<>(state);
      Integer key = (Integer) operation.first();
      Integer value = (Integer) operation.second();
      Object result = switch (operation.name()) {
        case "put" -> next.put(key, value);
        case "get" -> next.get(key);
        case "remove" -> next.remove(key);
        case "putIfAbsent" -> next.putIfAbsent(key, value);
        case "replace" -> next.replace(key, 0, value);
        case "merge", "mergeHere" -> next.merge(key, value, Integer::sum);
        default -> next.size();
      };
      return new Outcome<>(next, result);
    }
  };

  private static final List<String> VALUE =
      List.of("get", "get", "set", "getAndSet", "compareAndSet", "update", "updateHere");

  private static final class OfValue implements Subject {
    private static final long serialVersionUID = 1;
    private final ManagedValue<Integer> value;

    OfValue(ManagedValue<Integer> value) {
      this.value = value;
    }

    @Override
    public @Nullable Object run(String name, @Nullable Object first, @Nullable Object second) {
      Integer next = (Integer) second;
      switch (name) {
        case "get":
          return value.get();
        case "getAndSet":
          return value.getAndSet(next);
        case "compareAndSet":
          return value.compareAndSet((Integer) first, next);
        case "update":
          return value.updateAndGet(n -> n + 1);
        case "updateHere": {
          int[] notSent = {1};
          UnaryOperator<Integer> plain = n -> n + notSent[0];
          return value.updateAndGet(plain);
        }
        default:
          value.set(next);
          return null;
      }
    }
  }

  private static final Model<Integer> VALUE_MODEL = new Model<>() {
    @Override
    public Integer initial() {
      return 0;
    }

    @Override
    public Outcome<Integer> apply(Integer state, Operation operation) {
      Integer next = (Integer) operation.second();
      return switch (operation.name()) {
        case "get" -> new Outcome<>(state, state);
        case "getAndSet" -> new Outcome<>(next, state);
        case "compareAndSet" ->
          state.equals(operation.first()) ? new Outcome<>(next, true) : new Outcome<>(state, false);
        case "update", "updateHere" -> new Outcome<>(state + 1, state + 1);
        default -> new Outcome<>(next, null);
      };
    }
  };

  private static final List<String> QUEUE =
      List.of("offer", "offer", "offer", "poll", "poll", "peek", "size");

  private static final class OfQueue implements Subject {
    private static final long serialVersionUID = 1;
    private final ManagedQueue<Integer> queue;

    OfQueue(ManagedQueue<Integer> queue) {
      this.queue = queue;
    }

    @Override
    public @Nullable Object run(String name, @Nullable Object first, @Nullable Object second) {
      return switch (name) {
        case "offer" -> queue.offer((Integer) second);
        case "poll" -> queue.poll();
        case "peek" -> queue.peek();
        default -> queue.size();
      };
    }
  }

  /** A queue for four; from which the lowest is taken first or the oldest. */
  private static Model<List<Integer>> queueModel(boolean lowestFirst) {
    return new Model<>() {
      @Override
      public List<Integer> initial() {
        return List.of();
      }

      @Override
      public Outcome<List<Integer>> apply(List<Integer> state, Operation operation) {
        List<Integer> next = new ArrayList<>(state);
        switch (operation.name()) {
          case "offer":
            if (next.size() == 4) {
              return new Outcome<>(state, false);
            }
            next.add((Integer) operation.second());
            if (lowestFirst) {
              next.sort(null);
            }
            return new Outcome<>(next, true);
          case "poll":
            return new Outcome<>(next, next.isEmpty() ? null : next.remove(0));
          case "peek":
            return new Outcome<>(state, state.isEmpty() ? null : state.get(0));
          default:
            return new Outcome<>(state, state.size());
        }
      }
    };
  }

  // Histories.

  private static List<Operation> work(Subject subject, List<String> names, long seed)
      throws Exception {
    Random random = new Random(seed);
    List<Operation> done = new ArrayList<>();
    for (int i = 0; i < OPERATIONS; i++) {
      String name = names.get(random.nextInt(names.size()));
      Integer first = random.nextInt(2);
      Integer second = random.nextInt(3);
      long begin = System.nanoTime();
      Object result = subject.run(name, first, second);
      done.add(new Operation(begin, System.nanoTime(), name, first, second, result));
    }
    return done;
  }

  private List<Operation> byThreads(List<Subject> subjects, List<String> names, long seed)
      throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    try {
      List<Callable<List<Operation>>> works = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        Subject subject = subjects.get(i);
        long own = seed + i;
        works.add(() -> work(subject, names, own));
      }
      List<Operation> history = new ArrayList<>();
      for (Future<List<Operation>> done : threads.invokeAll(works)) {
        history.addAll(done.get());
      }
      return history;
    } finally {
      threads.shutdownNow();
    }
  }

  private interface Made {
    Subject subject();
  }

  private <S extends Object> void linearizable(Made made, List<String> names, Model<S> model)
      throws Exception {
    int histories = LongForm.choose(HISTORIES, HISTORIES / 2);
    for (int i = 0; i < histories; i++) {
      Subject subject = made.subject();
      List<Operation> history =
          byThreads(List.of(subject, subject, subject), names, seed + 100L * i);
      assertThat(Linearizability.holds(history, model))
          .as("seed %d, history %d: %s", seed, i, history)
          .isTrue();
    }
    // Processes: all begin when they are told.
    ManagedLong ready = manager.atomicLong();
    ManagedList<List<Operation>> done = manager.list();
    ManagedList<Subject> subjects = manager.list();
    for (int i = 0; i < histories; i++) {
      subjects.add(made.subject());
    }
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      long own = seed + i;
      children.add(ChildProcess.start(() -> {
        List<Subject> all = new ArrayList<>(subjects);
        for (int j = 0; j < histories; j++) {
          ready.incrementAndGet();
          while (ready.get() < (j + 1L) * CLIENTS) {
            Thread.onSpinWait();
          }
          done.add(work(all.get(j), names, own + 100L * j));
        }
      }));
    }
    for (ChildProcess child : children) {
      child.join();
      assertThat(child.exitCode()).hasValue(0);
    }
    List<List<Operation>> works = new ArrayList<>(done);
    assertThat(works).hasSize(histories * CLIENTS);
    for (int i = 0; i < histories; i++) {
      List<Operation> history = new ArrayList<>();
      works.subList(i * CLIENTS, (i + 1) * CLIENTS).forEach(history::addAll);
      assertThat(Linearizability.holds(history, model))
          .as("seed %d, processes, history %d: %s", seed, i, history)
          .isTrue();
    }
  }

  @Test
  void map_anyHistory_linearizable() throws Exception {
    linearizable(() -> new OfMap(manager.map()), MAP, MAP_MODEL);
  }

  @Test
  void value_anyHistory_linearizable() throws Exception {
    linearizable(() -> new OfValue(manager.value(0)), VALUE, VALUE_MODEL);
  }

  @Test
  void queue_anyHistory_linearizable() throws Exception {
    linearizable(() -> new OfQueue(manager.queue(4)), QUEUE, queueModel(false));
  }

  @Test
  void priorityQueue_anyHistory_linearizable() throws Exception {
    linearizable(() -> new OfQueue(manager.priorityQueue(4)), QUEUE, queueModel(true));
  }

  // Whether the look finds anything.

  /** A copy that remembers what it has read, as a cache that nobody tells of changes. */
  private static final class Remembers implements Subject {
    private static final long serialVersionUID = 1;
    private final Subject subject;
    private final Map<Object, Optional<Object>> read = new HashMap<>();

    Remembers(Subject subject) {
      this.subject = subject;
    }

    @Override
    public @Nullable Object run(String name, @Nullable Object first, @Nullable Object second)
        throws Exception {
      Object key = first == null ? "none" : first;
      if (!name.equals("get")) {
        read.remove(key);
        return subject.run(name, first, second);
      }
      Optional<Object> known = read.get(key);
      if (known == null) {
        known = Optional.ofNullable(subject.run(name, first, second));
        read.put(key, known);
      }
      return known.orElse(null);
    }
  }

  /** A copy that reads and then writes. */
  private static final class NotAtomic implements Subject {
    private static final long serialVersionUID = 1;
    private final ManagedValue<Integer> value;

    NotAtomic(ManagedValue<Integer> value) {
      this.value = value;
    }

    @Override
    public @Nullable Object run(String name, @Nullable Object first, @Nullable Object second) {
      if (!name.startsWith("update")) {
        return new OfValue(value).run(name, first, second);
      }
      int next = value.get() + 1;
      value.set(next);
      return next;
    }
  }

  private interface Several {
    List<Subject> subjects();
  }

  private <S extends Object> boolean isFound(Several made, List<String> names, Model<S> model)
      throws Exception {
    for (int i = 0; i < 20 * HISTORIES; i++) {
      List<Operation> history = byThreads(made.subjects(), names, seed + 100L * i);
      if (!Linearizability.holds(history, model)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void brokenCopies_areFound() throws Exception {
    assertThat(isFound(
            () -> {
              ManagedMap<Integer, Integer> map = manager.map();
              return List.of(
                  new OfMap(map), new Remembers(new OfMap(map)), new Remembers(new OfMap(map)));
            },
            MAP,
            MAP_MODEL))
        .as("a cached get")
        .isTrue();
    assertThat(isFound(
            () -> {
              ManagedValue<Integer> value = manager.value(0);
              return List.of(new NotAtomic(value), new NotAtomic(value), new NotAtomic(value));
            },
            VALUE,
            VALUE_MODEL))
        .as("an update in two steps")
        .isTrue();
    assertThat(isFound(
            () -> {
              ManagedQueue<Integer> lifo = manager.lifoQueue(4);
              return List.of(new OfQueue(lifo), new OfQueue(lifo), new OfQueue(lifo));
            },
            QUEUE,
            queueModel(false)))
        .as("a queue in another order")
        .isTrue();
  }
}
