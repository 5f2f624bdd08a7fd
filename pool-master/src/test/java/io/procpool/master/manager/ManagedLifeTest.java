// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.manager.ByProxy;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedPool;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.ServerFunctions;
import io.procpool.master.process.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Parts of maps, results that stay on the server, elements of queues and pools live as long as somebody can reach them, and no longer. */
@Timeout(120)
class ManagedLifeTest {
  private Manager manager;

  interface Shelf {
    @ByProxy
    Book book(int number);

    int read();
  }

  interface Book {
    void open();

    @ByProxy
    Shelf shelf();
  }

  private static final class RealShelf implements Shelf {
    private final List<RealBook> books = new ArrayList<>();
    private int read;

    @Override
    public Book book(int number) {
      while (books.size() <= number) {
        books.add(new RealBook(this));
      }
      return books.get(number);
    }

    @Override
    public int read() {
      return read;
    }
  }

  private static final class RealBook implements Book {
    private final RealShelf shelf;

    RealBook(RealShelf shelf) {
      this.shelf = shelf;
    }

    @Override
    public void open() {
      shelf.read++;
    }

    @Override
    public Shelf shelf() {
      return shelf;
    }
  }

  @BeforeEach
  void start() {
    manager = Manager.start(ManagerOptions.builder()
        .hosted(true)
        .register("shelf", Shelf.class, RealShelf::new)
        .build());
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private void awaitObjects(int expected) {
    Faults.awaitLong(expected + " objects").until(() -> {
      System.gc();
      return manager.objectCount() == expected;
    });
  }

  @Test
  void part_keepsItsMap() {
    ManagedSortedMap<Integer, String> part = part();
    awaitObjects(1);
    assertThat(part).hasSize(2);
    assertThat(part.firstKey()).isEqualTo(1);
  }

  private ManagedSortedMap<Integer, String> part() {
    ManagedSortedMap<Integer, String> map = manager.sortedMap();
    map.put(1, "a");
    map.put(2, "b");
    map.put(3, "c");
    manager.value("dropped at once");
    return map.headMap(3);
  }

  @Test
  void results_dropped_go() {
    Shelf shelf = manager.object("shelf", Shelf.class);
    for (int i = 0; i < 100; i++) {
      shelf.book(i).open();
    }
    assertThat(shelf.read()).isEqualTo(100);
    awaitObjects(1);
    Book book = shelf.book(3);
    assertThat(book).isEqualTo(shelf.book(3));
    shelf = null;
    awaitObjects(1);
    assertThat(book.shelf().read()).isEqualTo(100);
    ManagedList<Object> list = manager.list();
    list.add(book);
    book = null;
    awaitObjects(2);
    ((Book) list.get(0)).open();
    assertThat(((Book) list.get(0)).shelf().read()).isEqualTo(101);
  }

  /** What is only in a queue, waiting for room even, is there when it is taken. */
  @Test
  void elements_keepWhatTheyAre() throws Exception {
    ManagedQueue<Object> queue = manager.priorityQueue(2, new AnyOrder());
    fill(queue);
    awaitObjects(3);
    assertThat(((ManagedValue<?>) queue.take()).get()).isEqualTo("one");
    assertThat(((ManagedValue<?>) queue.take()).get()).isEqualTo("two");
    awaitObjects(1);
  }

  private void fill(ManagedQueue<Object> queue) throws InterruptedException {
    queue.put(manager.value("one"));
    queue.put(manager.value("two"));
  }

  private static final class AnyOrder implements ServerFunctions.Order<Object> {
    private static final long serialVersionUID = 1;

    @Override
    public int compare(Object one, Object other) {
      return 0;
    }
  }

  /** A pool that nobody can use any more ends its workers. */
  @Test
  void pool_dropped_workersEnd() throws Exception {
    long pid = use(manager.pool(1));
    Faults.awaitLong("the worker to end").until(() -> {
      System.gc();
      manager.objectCount();
      return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty();
    });
  }

  private static long use(ManagedPool pool) throws InterruptedException {
    return pool.apply(() -> ProcessHandle.current().pid());
  }

  /** A name is free again when it was removed, and a handle goes on with what it had. */
  @Test
  void names_ofAnyKind_canBeRemoved() {
    ManagedValue<Integer> value = manager.value("n", 1);
    assertThat(manager.remove("n")).isTrue();
    manager.namespace("n").set("x", 1);
    assertThat(value.get()).isEqualTo(1);
    assertThatThrownBy(() -> manager.namespace("n").get("y"))
        .isInstanceOf(NoSuchElementException.class);
  }
}
