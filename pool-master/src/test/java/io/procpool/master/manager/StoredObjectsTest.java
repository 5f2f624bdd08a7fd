// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.manager.ByProxy;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedType;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerDeadlockException;
import io.procpool.manager.ManagerException;
import io.procpool.manager.NotKept;
import io.procpool.master.process.Faults;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of objects of users' types, and of those that their methods return to stay on the server. */
@Timeout(120)
class StoredObjectsTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();
  private static final CyclicBarrier MEETING = new CyclicBarrier(2);
  private static final CyclicBarrier CROSSING = new CyclicBarrier(2);
  private static final AtomicInteger MADE = new AtomicInteger();

  @TempDir
  private Path directory;

  private @Nullable ManagerServer server;
  private Manager manager;

  /** Has methods with names that only read elsewhere. */
  interface Counter {
    int get();

    int size();

    void failAfterCounting();
  }

  private static final class Counting implements Counter, Serializable {
    private static final long serialVersionUID = 1;
    private int count;

    Counting() {
      MADE.incrementAndGet();
    }

    @Override
    public int get() {
      return ++count;
    }

    @Override
    public int size() {
      return count;
    }

    @Override
    public void failAfterCounting() {
      count++;
      throw new IllegalStateException("half done");
    }
  }

  interface Book {
    @ByProxy
    Page page(String title);

    @ByProxy
    Page loose();

    @ByProxy
    Margin margin();

    @ByProxy
    Book itself();

    String text();

    void put(Object anything);

    Object something();

    int sizeWhenMet(ManagedMap<String, Integer> map) throws Exception;
  }

  interface Page {
    void write(String text);

    String text();

    @ByProxy
    Book book();

    boolean meetsAnother() throws Exception;

    void useAsClient(Page other);
  }

  @NotKept
  interface Margin {
    void scribble(String text);
  }

  private static final class RealBook implements Book, Serializable {
    private static final long serialVersionUID = 1;
    private final Map<String, RealPage> pages = new TreeMap<>();
    private Object something = "nothing";
    private String scribbled = "";

    @Override
    public Page page(String title) {
      return pages.computeIfAbsent(title, t -> new RealPage(this));
    }

    @Override
    public Page loose() {
      return new RealPage(this);
    }

    @Override
    public Margin margin() {
      return text -> scribbled += text;
    }

    @Override
    public Book itself() {
      return this;
    }

    @Override
    public String text() {
      StringBuilder all = new StringBuilder(scribbled);
      pages.forEach(
          (title, page) -> all.append(title).append(':').append(page.text).append(' '));
      return all.toString().strip();
    }

    @Override
    public void put(Object anything) {
      something = anything;
    }

    @Override
    public Object something() {
      return something;
    }

    @Override
    public int sizeWhenMet(ManagedMap<String, Integer> map) throws Exception {
      CROSSING.await(20, TimeUnit.SECONDS);
      return map.size();
    }
  }

  private static final class RealPage implements Page, Serializable {
    private static final long serialVersionUID = 1;
    private final RealBook book;
    private String text = "";

    RealPage(RealBook book) {
      this.book = book;
    }

    @Override
    public void write(String text) {
      this.text += text;
    }

    @Override
    public String text() {
      return text;
    }

    @Override
    public Book book() {
      return book;
    }

    @Override
    public boolean meetsAnother() throws Exception {
      try {
        MEETING.await(200, TimeUnit.MILLISECONDS);
        return true;
      } catch (TimeoutException | BrokenBarrierException nobodyCame) {
        return false;
      }
    }

    @Override
    public void useAsClient(Page other) {
      other.text();
    }
  }

  private static final class NotSerializable implements Counter {
    @Override
    public int get() {
      return 7;
    }

    @Override
    public int size() {
      return 0;
    }

    @Override
    public void failAfterCounting() {}
  }

  @NotKept
  private static class Sensor implements Counter {
    private int asked;

    @Override
    public int get() {
      return ++asked;
    }

    @Override
    public int size() {
      return asked;
    }

    @Override
    public void failAfterCounting() {}
  }

  private static final class SpecialSensor extends Sensor {}

  /** Can be written down, but not be rebuilt. */
  private static final class OneWay implements Counter, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public int get() {
      return 1;
    }

    @Override
    public int size() {
      return 0;
    }

    @Override
    public void failAfterCounting() {}

    private void readObject(ObjectInputStream in) {
      throw new IllegalStateException("no way back");
    }
  }

  private static final class Inside implements Counter, Serializable {
    private static final long serialVersionUID = 1;
    private final Object inside = new Object();

    @Override
    public int get() {
      return inside.hashCode();
    }

    @Override
    public int size() {
      return 0;
    }

    @Override
    public void failAfterCounting() {}
  }

  private static final List<ManagedType<?>> TYPES = List.of(
      new ManagedType<>("counter", Counter.class, Counting::new),
      new ManagedType<>("book", Book.class, RealBook::new),
      new ManagedType<>("wrong", Counter.class, NotSerializable::new),
      new ManagedType<>("sensor", Counter.class, SpecialSensor::new),
      new ManagedType<>("one way", Counter.class, OneWay::new),
      new ManagedType<>("inside", Counter.class, Inside::new));

  private void restart(boolean renewed) throws Exception {
    if (server != null && renewed) {
      renew();
    }
    end();
    StoreOptions kept = StoreOptions.of(Optional.of(store()), false).renewedBytes(3000);
    server = ManagerServer.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        KEY,
        new ServerSetup(false, null, null, TYPES, kept, Duration.ZERO));
    manager = Manager.connect(server.address(), KEY);
  }

  private Path store() {
    return directory.resolve("store");
  }

  private void renew() {
    ManagedMap<String, String> map = manager.map("filler");
    long generation = 1;
    while (!Files.exists(store().resolve("journal-" + generation))) {
      generation++;
    }
    Path before = store().resolve("journal-" + generation);
    Faults.awaitLong("a new file, and the end of the old one").until(() -> {
      map.put("a", "b".repeat(200));
      return !Files.exists(before);
    });
  }

  @AfterEach
  void end() {
    if (server != null) {
      server.close();
      manager.close();
      server = null;
    }
  }

  private Counter counter(String type, String name) {
    return manager.object(type, name, Counter.class);
  }

  private Book book() {
    return manager.object("book", "mine", Book.class);
  }

  /** Whatever a method is called, and also when it throws; the factory is not asked again. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void registered_isAsItWasLeft(boolean renewed) throws Exception {
    restart(false);
    int made = MADE.get();
    assertThat(counter("counter", "mine").get()).isEqualTo(1);
    assertThat(counter("counter", "mine").get()).isEqualTo(2);
    assertThatThrownBy(counter("counter", "mine")::failAfterCounting)
        .isInstanceOf(IllegalStateException.class);
    manager.<Counter>list("list").add(manager.create(Counter.class, () -> {
      Counting ten = new Counting();
      ten.count = 10;
      return ten;
    }));
    manager.<Counter>list("list").get(0).get();
    for (int i = 0; i < 2; i++) {
      restart(renewed);
      assertThat(counter("counter", "mine").size()).isEqualTo(3);
      assertThat(manager.<Counter>list("list").get(0).size()).isEqualTo(11);
    }
    assertThat(counter("counter", "mine").get()).isEqualTo(4);
    assertThat(manager.<Counter>list("list").get(0).get()).isEqualTo(12);
    restart(renewed);
    assertThat(counter("counter", "mine").get()).isEqualTo(5);
    assertThat(MADE.get() - made).isEqualTo(2);
  }

  @Test
  void notSerializable_refusedUnlessNotToBeKept() throws Exception {
    restart(false);
    assertThatThrownBy(() -> counter("wrong", "mine"))
        .hasMessageContaining(NotSerializable.class.getName())
        .hasMessageContaining("is not Serializable")
        .hasMessageContaining("mark it with @NotKept");
    assertThatThrownBy(() -> manager.create(Counter.class, NotSerializable::new))
        .hasMessageContaining("is not Serializable");
    assertThat(counter("counter", "mine").get()).as("the name is free").isEqualTo(1);
    assertThatThrownBy(() -> counter("one way", "there"))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("an object of " + OneWay.class.getName() + " cannot be kept")
        .hasMessageContaining("no way back");
    assertThatThrownBy(() -> counter("inside", "object"))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("an object of " + Inside.class.getName() + " cannot be kept")
        .hasMessageContaining("java.lang.Object");
    assertThat(counter("sensor", "heat").get()).isEqualTo(1);
    assertThat(counter("sensor", "heat").get()).isEqualTo(2);
    restart(true);
    assertThat(counter("sensor", "heat").get()).as("as new").isEqualTo(1);
    assertThat(counter("counter", "mine").get()).isEqualTo(2);
  }

  /** What a method returned is the same object as in what has returned it, before and after; what is changed by it is kept, too. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void byProxy_keptTogether(boolean renewed) throws Exception {
    restart(false);
    Page first = book().page("first");
    first.write("one");
    Page loose = book().loose();
    ManagedList<Page> pages = manager.list("pages");
    pages.addAll(List.of(first, loose, book().page("second")));
    loose.write("flies");
    for (int i = 0; i < 2; i++) {
      restart(renewed);
      pages = manager.list("pages");
      assertThat(book().text()).isEqualTo("first:" + "one".repeat(i + 1) + " second:");
      pages.get(0).write("one");
      assertThat(book().page("first")).isEqualTo(pages.get(0));
      assertThat(pages.get(0).book()).isEqualTo(book()).isEqualTo(book().itself());
      assertThat(pages.get(1).text()).isEqualTo("flies");
      assertThat(pages.get(1).book()).isEqualTo(book());
      assertThat(pages.get(2)).isNotEqualTo(pages.get(0)).isEqualTo(book().page("second"));
    }
  }

  /** The page waits for its book's turn, although it is another object. */
  @Test
  void byProxy_functionThatWaitsForAPart_isInTheCircle() throws Exception {
    restart(false);
    Page page = book().page("first");
    ManagedMap<String, Integer> map = manager.map();
    Callable<Integer> ofBook = () -> book().sizeWhenMet(map);
    Callable<Integer> ofMap = () -> map.compute("key", (key, value) -> {
      try {
        CROSSING.await(20, TimeUnit.SECONDS);
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
      return page.text().length();
    });
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      int refused = 0;
      for (Future<Integer> each : List.of(threads.submit(ofBook), threads.submit(ofMap))) {
        try {
          assertThat(each.get(20, TimeUnit.SECONDS)).isBetween(0, 1);
        } catch (ExecutionException e) {
          assertThat(e).hasCauseInstanceOf(ManagerDeadlockException.class);
          refused++;
        }
      }
      assertThat(refused).isEqualTo(1);
    } finally {
      threads.shutdownNow();
    }
  }

  /** What is returned and dropped leaves nothing behind, and the place of one that is there is not given to another. */
  @Test
  void byProxy_returnedAgainAndAgain_noLeak() throws Exception {
    restart(false);
    Page kept = book().loose();
    manager.<Page>list("pages").add(kept);
    kept.write("kept");
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 100; i++) {
        book().loose().write("dropped");
      }
      Faults.awaitLong("what nobody has to go").until(() -> {
        System.gc();
        return manager.objectCount() < 10;
      });
    }
    assertThat(manager.<Page>list("pages").get(0).text()).isEqualTo("kept");
    restart(true);
    assertThat(manager.<Page>list("pages").get(0).text()).isEqualTo("kept");
    Path only;
    try (Stream<Path> files = Files.list(store())) {
      only = files
          .filter(file -> StoreFile.generation(file) > 0)
          .max(Comparator.comparing(StoreFile::generation))
          .orElseThrow();
    }
    assertThat(Files.size(only)).isLessThan(20_000);
  }

  /** As everything that changes a part; and its proxy is no more afterwards, for good. */
  @Test
  void byProxy_notKept_changesOfOthersAre() throws Exception {
    restart(false);
    manager.<Margin>list("margins");
    Margin margin = book().margin(); // which has the highest number
    margin.scribble("x");
    margin.scribble("y");
    manager.<Margin>list("margins").add(margin);
    restart(false);
    assertThat(book().text()).isEqualTo("xy");
    for (int i = 0; i < 20; i++) {
      manager.list();
      book().page("p" + i);
    }
    Margin gone = manager.<Margin>list("margins").get(0);
    assertThatThrownBy(() -> gone.scribble("z")).hasMessageContaining("any more");
  }

  /** A call with any of them excludes calls with all others, because all are written together. */
  @Test
  void byProxy_oneCallAtATime() throws Exception {
    restart(false);
    Page one = book().page("one");
    Page other = book().page("other");
    FutureTask<Boolean> met = new FutureTask<>(one::meetsAnother);
    new Thread(met, "stored-objects-test").start();
    assertThat(other.meetsAnother()).isFalse();
    assertThat(met.get(20, TimeUnit.SECONDS)).isFalse();
    assertThatThrownBy(() -> one.useAsClient(other))
        .isInstanceOf(ManagerDeadlockException.class)
        .hasMessageContaining("it would wait for its own end");
  }

  /** A change that cannot be kept is none; proxies are what they were. */
  @Test
  void change_thatCannotBeKept_isUndone() throws Exception {
    restart(false);
    Page page = book().page("a");
    page.write("before");
    Step step = manager.create(Step.class, Stepping::new);
    step.count();
    assertThatThrownBy(step::makeBad)
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("cannot be stored, and was undone");
    assertThat(step.count()).isEqualTo(2);
    Step other = step.next();
    assertThatThrownBy(step::makeBad).hasMessageContaining("and was undone");
    assertThat(step.next()).isEqualTo(other);
    assertThat(other.count()).isEqualTo(1);
    assertThatThrownBy(step::wrongNext)
        .hasMessageContaining("is not Serializable")
        .hasMessageContaining("and was undone");
    assertThat(step.count()).isEqualTo(3);
    assertThat(page.text()).isEqualTo("before");
  }

  interface Step {
    int count();

    void makeBad();

    @ByProxy
    Step next();

    @ByProxy
    Counter wrongNext();
  }

  private static final class Stepping implements Step, Serializable {
    private static final long serialVersionUID = 1;
    private int count;
    private @Nullable Object bad;
    private @Nullable Stepping next;

    @Override
    public int count() {
      return ++count;
    }

    @Override
    public void makeBad() {
      count = 100;
      bad = new Object();
    }

    @Override
    public Step next() {
      if (next == null) {
        next = new Stepping();
      }
      return next;
    }

    @Override
    public Counter wrongNext() {
      count = 100;
      return new NotSerializable();
    }
  }

  /** Other objects that are in one are there as long as it is. */
  @Test
  void handlesInside_keepWhatTheyAreOf() throws Exception {
    restart(false);
    ManagedList<String> list = manager.list();
    book().put(list);
    list.add("inside");
    for (int i = 0; i < 2; i++) {
      restart(i == 1);
      int before = manager.objectCount();
      for (int j = 0; j < 3; j++) {
        System.gc();
        assertThat(manager.objectCount()).isEqualTo(before);
      }
      @SuppressWarnings("unchecked")
      ManagedList<String> inside = (ManagedList<String>) book().something();
      assertThat(inside).hasSize(1 + i);
      inside.add("more");
    }
  }
}
