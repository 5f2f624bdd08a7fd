// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.procpool.ChildProcess;
import io.procpool.manager.FunctionTimeoutException;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Functions that take too long on the server, which is in this JVM, so that they can be seen and let go. */
@Timeout(60)
class FunctionTimeoutTest {
  private static final Duration LIMIT = Duration.ofMillis(500);

  /** What the functions of one test have in common: those of the test before may not be through yet. */
  private record Scene(CountDownLatch begun, CountDownLatch released, AtomicInteger interrupts) {
    Scene() {
      this(new CountDownLatch(1), new CountDownLatch(1), new AtomicInteger());
    }
  }

  private static volatile Scene scene = new Scene();

  private Manager manager;

  @BeforeEach
  void start() {
    scene = new Scene();
    manager = start(LIMIT);
  }

  private static Manager start(Duration limit) {
    return Manager.start(ManagerOptions.builder()
        .hosted(true)
        .functionTimeout(limit)
        .register("clerk", Clerk.class, SlowClerk::new)
        .build());
  }

  @AfterEach
  void close() {
    scene.released.countDown();
    manager.close();
  }

  /** Does not react to interrupts until it is here.released. */
  private static <T> T stubborn(T result) {
    Scene here = scene;
    here.begun.countDown();
    while (true) {
      try {
        here.released.await();
        return result;
      } catch (InterruptedException e) {
        here.interrupts.incrementAndGet();
      }
    }
  }

  /** Ends at once when it is interrupted. */
  private static <T> T obedient(T result) {
    Scene here = scene;
    here.begun.countDown();
    try {
      here.released.await();
    } catch (InterruptedException e) {
      here.interrupts.incrementAndGet();
    }
    return result;
  }

  /** An object of a type of a user's. */
  public interface Clerk {
    int served();

    int serve(boolean slowly);
  }

  private static final class SlowClerk implements Clerk {
    private int served;

    @Override
    public int served() {
      return served;
    }

    @Override
    public int serve(boolean slowly) {
      return slowly ? stubborn(++served) : ++served;
    }
  }

  /** Its compareTo does not end. */
  private record Rank(int number) implements Comparable<Rank>, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public int compareTo(Rank other) {
      return number > 1 && other.number > 1
          ? stubborn(Integer.compare(number, other.number))
          : Integer.compare(number, other.number);
    }
  }

  /** What a late function returns is not stored, although it returns. */
  @Test
  void compute_interrupted_changesNothing() {
    ManagedMap<String, Integer> map = manager.map();
    map.put("a", 1);
    Throwable thrown = catchThrowable(() -> map.compute("a", (key, value) -> obedient(2)));
    assertThat(thrown)
        .isInstanceOf(FunctionTimeoutException.class)
        .hasMessageContaining("compute(Object,BiFunction) at map ")
        .hasMessageContaining("has run for longer than 0.5 s on the manager and was interrupted")
        .hasMessageContaining("it changes nothing any more")
        .hasMessageContaining("FunctionTimeoutTest.obedient");
    FunctionTimeoutException told = (FunctionTimeoutException) thrown;
    assertThat(told.object()).startsWith("map ");
    assertThat(told.operation()).isEqualTo("compute(Object,BiFunction)");
    assertThat(told.limit()).isEqualTo(LIMIT);
    assertThat(told.functionStack())
        .extracting(StackTraceElement::getMethodName)
        .contains("obedient", "compute")
        .doesNotContain("runWorker");
    assertThat(map).hasSize(1).containsEntry("a", 1);
    assertThat(scene.interrupts).hasValue(1);
    assertThat(map.merge("a", 5, (one, other) -> one + other)).isEqualTo(6);
  }

  /** Who comes while it runs on is told, and when it has ended all is as it was before. */
  @Test
  void stubborn_othersAreToldUntilItEnds() throws Exception {
    ManagedMap<String, Integer> map = manager.map();
    ManagedMap<String, Integer> other = manager.map();
    map.put("a", 1);
    CompletableFuture<Integer> first = CompletableFuture.supplyAsync(
        () -> map.merge("a", 2, (one, two) -> stubborn(3)), command -> new Thread(command).start());
    scene.begun.await();
    long start = System.nanoTime();
    assertThatThrownBy(() -> map.get("a"))
        .isInstanceOf(FunctionTimeoutException.class)
        .hasMessageContaining("cannot be used: merge(Object,Object,BiFunction) of ")
        .hasMessageContaining(
            "(pid " + ProcessHandle.current().pid() + ") has run at it for longer")
        .hasMessageContaining("nothing was done; try again later")
        .hasMessageContaining("FunctionTimeoutTest.stubborn");
    assertThat(System.nanoTime() - start)
        .as("a time to react")
        .isGreaterThan(Turns.GRACE.toNanos() / 2);
    assertThat(first)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(FunctionTimeoutException.class);
    start = System.nanoTime();
    assertThatThrownBy(() -> map.put("a", 7)).isInstanceOf(FunctionTimeoutException.class);
    assertThatThrownBy(() -> map.async().put("a", 7).join())
        .hasCauseInstanceOf(FunctionTimeoutException.class);
    assertThat(System.nanoTime() - start).as("at once").isLessThan(Turns.GRACE.toNanos());
    other.put("b", 1);

    scene.released.countDown();
    await().ignoreExceptionsInstanceOf(FunctionTimeoutException.class).until(() -> map.size() == 1);
    assertThat(map.get("a")).isEqualTo(1);
    assertThat(map.put("a", 7)).isEqualTo(1);
  }

  /** No kind of function changes anything when it is through too late. */
  @Test
  void lateFunctions_changeNothing() throws Exception {
    ManagedMap<String, Integer> map = manager.dict();
    ManagedSortedMap<String, Integer> sorted = manager.sortedMap();
    ManagedList<Integer> list = manager.list();
    ManagedSet<Integer> set = manager.set();
    ManagedValue<Integer> value = manager.value(1);
    ManagedLong number = manager.atomicLong();
    ManagedArray<Integer> array = manager.array(1);
    map.put("a", 1);
    sorted.put("a", 1);
    list.addAll(List.of(3, 1, 2));
    set.addAll(List.of(1, 2));
    List<Executable> calls = List.of(
        () -> map.computeIfAbsent("b", key -> obedient(1)),
        () -> map.computeIfPresent("a", (key, now) -> obedient(2)),
        () -> map.replaceAll((key, now) -> obedient(2)),
        () -> sorted.compute("a", (key, now) -> obedient(2)),
        () -> sorted.headMap("b").merge("a", 1, (one, two) -> obedient(2)),
        () -> list.replaceAll(element -> obedient(9)),
        () -> list.removeIf(element -> element == 2 ? obedient(true) : true),
        () -> set.removeIf(element -> obedient(true)),
        () -> value.updateAndGet(now -> obedient(2)),
        () -> value.getAndAccumulate(1, (now, given) -> obedient(2)),
        () -> number.updateAndGet(now -> obedient(2L)),
        () -> number.accumulateAndGet(1, (now, given) -> obedient(2L)),
        () -> array.updateAndGet(0, now -> obedient(2)));
    List<CompletableFuture<Throwable>> all = calls.stream()
        .map(call -> CompletableFuture.supplyAsync(
            () -> catchThrowable(call::execute), command -> new Thread(command).start()))
        .toList();
    for (int i = 0; i < all.size(); i++) {
      assertThat(all.get(i).join()).as("call %s", i).isInstanceOf(FunctionTimeoutException.class);
    }
    await().untilAsserted(() -> assertThat(scene.interrupts).hasValue(calls.size()));
    assertThat(map).hasSize(1).containsEntry("a", 1);
    assertThat(sorted).hasSize(1).containsEntry("a", 1);
    assertThat(list).containsExactly(3, 1, 2);
    assertThat(set).containsExactlyInAnyOrder(1, 2);
    assertThat(value.get()).isEqualTo(1);
    assertThat(number.get()).isZero();
    assertThat(array.get(0)).isNull();
  }

  /** What was sorted until then is not seen. */
  @Test
  void sort_orderFailsOrTakesTooLong_leavesTheListAsItWas() {
    ManagedList<Integer> list = manager.list();
    List<Integer> elements = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      elements.add(i * 7 % 30);
    }
    elements.add(100); // comes last, when much has been sorted
    list.addAll(elements);
    assertThatThrownBy(() -> list.sort((one, two) -> one == 100 ? obedient(0) : one - two))
        .isInstanceOf(FunctionTimeoutException.class);
    assertThat(list).isEqualTo(elements);
    assertThatThrownBy(() -> list.sort((one, two) -> one == 100 ? 1 / 0 : one - two))
        .isInstanceOf(ArithmeticException.class);
    assertThat(list).isEqualTo(elements);
    list.sort((one, two) -> two - one);
    assertThat(list).startsWith(100, 29, 28).endsWith(0);
  }

  /** Whether a function that ends just when its time does was in time or not: who is told that it was not can believe it. */
  @Test
  void endsWithItsTime_isEitherInTimeOrChangesNothing() throws Exception {
    manager.close();
    manager = start(Duration.ofMillis(2));
    ManagedLong number = manager.atomicLong();
    int inTime = 0;
    int late = 0;
    for (int i = 0; i < 120; i++) {
      long nanos = 1_900_000 + 2_500L * i;
      try {
        number.updateAndGet(now -> {
          long end = System.nanoTime() + nanos;
          while (System.nanoTime() < end) {
            Thread.onSpinWait();
          }
          return now + 1;
        });
        inTime++;
      } catch (FunctionTimeoutException e) {
        late++;
      }
    }
    assertThat(late).isPositive();
    assertThat(number.get()).isEqualTo(inTime);
  }

  /** Takes its time when it is sent by the server. */
  private static final class Parcel implements Serializable {
    private static final long serialVersionUID = 1;
    private final int seconds;

    Parcel(int seconds) {
      this.seconds = seconds;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      out.defaultWriteObject();
      Scene here = scene;
      try {
        here.released.await(seconds, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        here.interrupts.incrementAndGet();
      }
    }
  }

  /** What a function has returned in time is stored, and gets a little more time to be sent: nobody is told that nothing was changed. */
  @Test
  void resultTakesLongToSend_isStored() {
    ManagedMap<String, Parcel> map = manager.map();
    assertThat(map.compute("a", (key, value) -> new Parcel(1)).seconds).isEqualTo(1);
    assertThat(scene.interrupts).hasValue(0);
    assertThatThrownBy(() -> map.compute("a", (key, value) -> new Parcel(60)))
        .isInstanceOf(FunctionTimeoutException.class)
        .hasMessageContaining("what it has changed stays so");
    await().until(() -> scene.interrupts.get() == 1);
    scene.released.countDown();
    assertThat(map.get("a").seconds).isEqualTo(60);
  }

  @Test
  void methodOfUser_takesTooLong_objectIsUsableWhenItHasEnded() {
    Clerk clerk = manager.object("clerk", Clerk.class);
    assertThat(clerk.serve(false)).isEqualTo(1);
    assertThatThrownBy(() -> clerk.serve(true))
        .isInstanceOf(FunctionTimeoutException.class)
        .hasMessageContaining("serve(boolean) at registered clerk ")
        .hasMessageContaining("it may still take effect when it ends");
    scene.released.countDown();
    await()
        .ignoreExceptionsInstanceOf(FunctionTimeoutException.class)
        .until(() -> clerk.served() == 2);
  }

  /** A factory, and what it has made when its time was over. */
  @Test
  void factory_takesTooLong_isTold() {
    assertThatThrownBy(() -> manager.create(Clerk.class, () -> stubborn(new SlowClerk())))
        .isInstanceOf(FunctionTimeoutException.class)
        .hasMessageContaining("FunctionTimeoutTest.stubborn");
    assertThat(manager.object("clerk", Clerk.class).served()).isZero();
  }

  /** An element whose place was found too late is not there. */
  @Test
  void priorityQueue_comparesTooLong_elementIsNotThere() throws Exception {
    ManagedQueue<Rank> queue = manager.priorityQueue(10);
    queue.put(new Rank(1));
    queue.put(new Rank(5));
    assertThatThrownBy(() -> queue.put(new Rank(3)))
        .isInstanceOf(FunctionTimeoutException.class)
        .hasMessageContaining("put(Object) at priority queue ")
        .hasMessageContaining("Rank.compareTo");
    assertThatThrownBy(queue::size)
        .isInstanceOf(FunctionTimeoutException.class)
        .hasMessageContaining("cannot be used");
    scene.released.countDown();
    await()
        .ignoreExceptionsInstanceOf(FunctionTimeoutException.class)
        .until(() -> queue.size() == 2);
    assertThat(queue.take()).isEqualTo(new Rank(1));
    assertThat(queue.take()).isEqualTo(new Rank(5));
    assertThat(queue.poll()).isNull();
  }

  /** That nobody waits for it any more changes nothing about its time. */
  @Test
  void callerIsKilled_functionIsInterruptedAllTheSame() throws Exception {
    manager.close();
    manager = start(Duration.ofMillis(2500));
    ManagedMap<String, Integer> map = manager.map();
    ChildProcess child = ChildProcess.start(() -> map.compute("a", (key, value) -> obedient(1)));
    assertThat(scene.begun.await(20, TimeUnit.SECONDS)).isTrue();
    child.kill();
    child.join();
    assertThat(scene.interrupts).hasValue(0);
    await().until(() -> scene.interrupts.get() == 1);
    assertThat(map).isEmpty();
  }

  /** What a function waits for as a client of its own server is given up. */
  @Test
  void waitsForQueue_isInterrupted() {
    ManagedMap<String, String> map = manager.map();
    ManagedQueue<String> queue = manager.queue(1);
    assertThatThrownBy(() -> map.computeIfAbsent("a", key -> {
          try {
            return queue.take();
          } catch (InterruptedException e) {
            scene.interrupts.incrementAndGet();
            return "interrupted";
          }
        }))
        .isInstanceOf(FunctionTimeoutException.class);
    assertThat(map).isEmpty();
    assertThat(scene.interrupts).hasValue(1);
    queue.add("x");
    assertThat(queue.poll()).as("nobody waits for it any more").isEqualTo("x");
  }

  /** What was changed too late is not in the store either. */
  @Test
  void store_hasNothingOfIt(@TempDir Path folder) {
    ManagerOptions options = ManagerOptions.builder()
        .hosted(true)
        .functionTimeout(LIMIT)
        .store(folder)
        .build();
    try (Manager keeping = Manager.start(options)) {
      ManagedMap<String, Integer> map = keeping.map("kept");
      map.put("a", 1);
      assertThatThrownBy(() -> map.compute("a", (key, value) -> obedient(2)))
          .isInstanceOf(FunctionTimeoutException.class);
      map.put("b", 1);
    }
    try (Manager keeping = Manager.start(options)) {
      assertThat(keeping.<String, Integer>map("kept"))
          .containsOnly(java.util.Map.entry("a", 1), java.util.Map.entry("b", 1));
    }
  }

  @Test
  void options_sayWhatIsAllowed() {
    assertThat(ManagerOptions.builder().build().functionTimeout()).isEqualTo(Duration.ZERO);
    ManagerOptions limited = ManagerOptions.builder().functionTimeout(LIMIT).build();
    assertThat(limited.functionTimeout()).isEqualTo(LIMIT);
    assertThat(limited).hasToString("ManagerOptions[address=of its own, functionTimeout=PT0.5S]");
    for (Duration wrong : List.of(Duration.ofNanos(-1), Duration.ofDays(40_000))) {
      assertThatThrownBy(() -> ManagerOptions.builder().functionTimeout(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("functionTimeout: " + wrong
              + " (expected: zero for no limit, else at most 36500 days)");
    }
  }
}
