// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.RemoteTrace;
import io.procpool.manager.ByProxy;
import io.procpool.manager.ManagedList;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Objects of types of users' own in a manager. */
@Timeout(120)
class ManagedObjectTest {
  private static Manager own; // in a process of its own

  @BeforeAll
  static void start() {
    own = Manager.start(options().build());
  }

  @AfterAll
  static void close() {
    own.close();
  }

  /** A counter that is not thread-safe. */
  public interface Counter {
    int next();

    int plus(int a, long b);

    default String described() {
      return "counter at " + next() + " in " + ProcessHandle.current().pid();
    }

    void fail(String text) throws IOException;
  }

  private static final class Counts implements Counter {
    private int count;

    @Override
    public int next() {
      int before = count;
      Thread.yield(); // another thread would come between
      count = before + 1;
      return count;
    }

    @Override
    public int plus(int a, long b) {
      return a + (int) b;
    }

    @Override
    public void fail(String text) throws IOException {
      throw new IOException(text);
    }
  }

  /** Says nothing of what its rooms are. */
  interface House extends Comparable<House> {
    @ByProxy
    Room room(String name);

    Room copyOf(String name);

    @Nullable
    Garden garden();

    @ByProxy
    House itself();

    List<String> rooms();
  }

  interface Room {
    String name();

    void paint(String color);

    String color();

    @ByProxy
    House house();
  }

  @ByProxy
  interface Garden {
    int trees();
  }

  private static final class RealHouse implements House {
    private final Map<String, RealRoom> rooms = new HashMap<>();

    @Override
    public Room room(String name) {
      return rooms.computeIfAbsent(name, n -> new RealRoom(this, n));
    }

    @Override
    public Room copyOf(String name) {
      RealRoom room = rooms.get(name);
      if (room == null) {
        throw new NoSuchElementException(name);
      }
      return new CopiedRoom(room.name(), room.color());
    }

    @Override
    public @Nullable Garden garden() {
      return rooms.isEmpty() ? null : new RealGarden();
    }

    @Override
    public House itself() {
      return this;
    }

    @Override
    public List<String> rooms() {
      return new ArrayList<>(rooms.keySet());
    }

    @Override
    public int compareTo(House other) {
      return Integer.compare(rooms.size(), other.rooms().size());
    }
  }

  private record RealGarden() implements Garden {
    @Override
    public int trees() {
      return 3;
    }
  }

  private static final class RealRoom implements Room {
    private final House house;
    private final String name;
    private String color = "white";

    RealRoom(House house, String name) {
      this.house = house;
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public void paint(String color) {
      this.color = color;
    }

    @Override
    public String color() {
      return color;
    }

    @Override
    public House house() {
      return house;
    }
  }

  private record CopiedRoom(String name, String color) implements Room, Serializable {
    @Override
    public void paint(String color) {
      throw new UnsupportedOperationException();
    }

    @Override
    public House house() {
      throw new UnsupportedOperationException();
    }
  }

  private static ManagerOptions.Builder options() {
    return ManagerOptions.builder()
        .register("counter", Counter.class, Counts::new)
        .register("house", House.class, RealHouse::new);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void registered_methodsRunOnTheServer(boolean hosted) throws Exception {
    if (!hosted) {
      assertRegisteredRuns(own, false);
      return;
    }
    try (Manager manager = Manager.start(options().hosted(true).build())) {
      assertRegisteredRuns(manager, true);
    }
  }

  private static void assertRegisteredRuns(Manager manager, boolean hosted) {
    Counter counter = manager.object("counter", Counter.class);
    assertThat(counter.next()).isEqualTo(1);
    assertThat(counter.plus(3, 4L)).isEqualTo(7);
    long pid = ProcessHandle.current().pid();
    assertThat(counter.described().endsWith(" in " + pid)).isEqualTo(hosted);
    assertThat(counter.next()).isEqualTo(3);
    assertThatThrownBy(() -> counter.fail("as declared"))
        .isExactlyInstanceOf(IOException.class)
        .hasMessageContaining("as declared")
        .hasCauseInstanceOf(RemoteTrace.class);
    assertThat(manager.object("counter", Counter.class).next())
        .as("another one")
        .isEqualTo(1);
    Counter named = manager.object("counter", "of this name", Counter.class);
    Counter again = manager.object("counter", "of this name", Counter.class);
    named.next();
    assertThat(again.next()).isEqualTo(2);
    assertThat(again).isEqualTo(named).isNotEqualTo(counter).hasSameHashCodeAs(named);
    assertThat(named.toString()).contains("registered counter");
    assertThat(named.equals("text")).isFalse();
  }

  /** The object is not thread-safe, and nothing is lost: one call at a time. */
  @Test
  void calls_fromSeveralProcesses_oneAtATime() throws Exception {
    int clients = LongForm.choose(3, 2);
    try (Pool pool = Pool.ofWorkers(1)) {
      Counter counter = own.object("counter", "shared", Counter.class);
      ManagedList<Object> list = own.list();
      list.add(counter);
      List<ChildProcess> children = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        children.add(ChildProcess.start(() -> {
          Counter fromList = (Counter) list.get(0);
          for (int j = 0; j < 200; j++) {
            counter.next();
            fromList.next();
          }
        }));
      }
      for (ChildProcess child : children) {
        child.join();
        assertThat(child.exitCode()).hasValue(0);
      }
      int next = pool.apply(Counter::next, counter);
      assertThat(next).isEqualTo(2 * 200 * clients + 1);
      assertThat(list.get(0)).isEqualTo(counter);
    }
  }

  @Test
  void results_byProxyWhereMarked_elseCopied() {
    try (Manager manager = Manager.start(options().hosted(true).build())) {
      House house = manager.object("house", House.class);
      assertThat(house.garden()).isNull();
      Room kitchen = house.room("kitchen");
      kitchen.paint("yellow");
      assertThat(house.room("kitchen").color()).isEqualTo("yellow");
      assertThat(house.room("kitchen")).isEqualTo(kitchen).isNotEqualTo(house.room("bath"));
      Room copy = house.copyOf("kitchen");
      assertThat(copy).isEqualTo(new CopiedRoom("kitchen", "yellow"));
      assertThat(house.garden().trees()).isEqualTo(3);
      assertThat(kitchen.house()).isEqualTo(house);
      assertThat(house.itself()).isEqualTo(house);
      assertThat(house.rooms()).containsExactlyInAnyOrder("kitchen", "bath");
      assertThatThrownBy(() -> house.copyOf("cellar"))
          .isInstanceOf(NoSuchElementException.class)
          .hasMessageContaining("cellar");
    }
  }

  @Test
  void create_factoryIsSent() throws Exception {
    int first = 40;
    Counter counter = own.create(Counter.class, () -> {
      Counts made = new Counts();
      made.count = first;
      return made;
    });
    assertThat(counter.next()).isEqualTo(41);
    assertThatThrownBy(() -> own.create(Counter.class, () -> {
          throw new IOException("no counters today");
        }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no counters today");
    assertThatThrownBy(() -> own.create(Counter.class, () -> (Counter) null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the factory has made null (expected: of " + Counter.class.getName());
  }

  /** Returns what cannot stay. */
  interface Wrong {
    @ByProxy
    String text();
  }

  @Test
  void badInput_saysWhatIsAllowed() {
    try (Manager manager = Manager.start(options().hosted(true).build())) {
      assertThatThrownBy(() -> manager.object("clock", Counter.class))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining(
              "no type \"clock\" is registered with this server; [counter, house] are");
      assertThatThrownBy(() -> manager.object("counter", House.class))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining("which is no " + House.class.getName());
      assertThatThrownBy(() -> manager.object("counter", (Class<?>) Counts.class))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("(expected: an interface)");
      Comparable<?> extended = manager.object("house", Comparable.class);
      assertThat(extended).isNotNull();
      manager.list("taken");
      assertThatThrownBy(() -> manager.object("counter", "taken", Counter.class))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining("\"taken\" is a list, not a registered counter");
      assertThatThrownBy(() -> manager.create(Wrong.class, () -> () -> "x"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("returns java.lang.String (expected: an interface)");
    }
    assertThatThrownBy(() -> options().register("counter", Counter.class, Counts::new))
        .hasMessage("name: \"counter\" (expected: one that is not registered yet)");
    assertThatThrownBy(() -> ManagerOptions.builder().register(" ", Counter.class, Counts::new))
        .hasMessage("name: \" \" (expected: not blank)");
  }
}
