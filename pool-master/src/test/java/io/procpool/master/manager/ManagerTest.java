// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.Pool;
import io.procpool.WaitInterruptedException;
import io.procpool.channel.ConnectionListener;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.WrongKeyException;
import io.procpool.ipc.memory.Session;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerGoneException;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.ServerFunctions;
import io.procpool.master.process.Faults;
import io.procpool.sync.ProcessLock;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ManagerTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();

  @TempDir
  private Path directory;

  @AfterEach
  void nothingIsLeft() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
    String[] files =
        new File(Session.current().path()).list((place, name) -> name.startsWith("manager-"));
    assertThat(files).isEmpty();
  }

  private static Manager hosted() {
    return Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static Manager hostedAt(SocketAddress address) {
    return Manager.start(
        ManagerOptions.builder().hosted(true).address(address).key(KEY).build());
  }

  private static <T> FutureTask<T> begin(java.util.concurrent.Callable<T> call) {
    FutureTask<T> begun = new FutureTask<>(call);
    Thread thread = new Thread(begun, "manager-test");
    thread.setDaemon(true);
    thread.start();
    return begun;
  }

  // Between processes.

  /** The example of the documentation: nothing that workers do at the same time is lost. */
  @Test
  void map_mergedByWorkers_allCount() throws Exception {
    try (Manager manager = Manager.start();
        Pool pool = Pool.ofWorkers(2)) {
      ManagedMap<String, Integer> shipped = manager.map();
      ConcurrentMap<String, Integer> plain = manager.map();
      List<String> words =
          IntStream.range(0, 600).mapToObj(i -> "word " + i % 3).toList();
      pool.map(
          word -> {
            shipped.merge(word, 1, (a, b) -> a + b);
            plain.merge(word, 1, Integer::sum);
            return null;
          },
          words);
      assertThat(shipped).hasSize(3).containsEntry("word 1", 200);
      assertThat(plain).isEqualTo(shipped);
    }
  }

  /** Handles are arguments, results, elements of each other, and work wherever they arrive. */
  @Test
  void handles_anyWay_areTheSameObject() throws Exception {
    try (Manager manager = hosted();
        Pool pool = Pool.ofWorkers(1)) {
      ManagedList<Object> outer = manager.list();
      ManagedMap<String, Object> made = pool.apply(() -> {
        ManagedMap<String, Object> map = manager.dict();
        map.put("made by", ProcessHandle.current().pid());
        outer.add(map);
        return map;
      });
      made.put("here", null);
      Object nested = outer.get(0);
      assertThat(nested).isEqualTo(made);
      assertThat(made).hasSize(2).containsKey("here");
      int size = pool.apply(ManagedMap::size, made);
      assertThat(size).isEqualTo(2);
    }
  }

  /** A process has one connection to a server: what it holds by one handle it holds by the other, and who leaves first ends nothing for the other. */
  @Test
  void connect_whereItIsConnectedAlready_isTheSameConnection() throws Exception {
    try (Manager started = hostedAt(anyPort())) {
      ProcessLock lock = started.lock("lock");
      lock.lock();
      Manager connected = Manager.connect(started.address(), KEY);
      assertThat(connected.lock("lock").isHeldByCurrentThread()).isTrue();
      Manager again = Manager.connect(started.address(), KEY);
      connected.close();
      connected.close();
      assertThat(again.lock("lock").isHeldByCurrentThread()).isTrue();
      again.close();
      lock.unlock();
    }
  }

  @Test
  void named_sameNameInTwoConnections_sameObject() throws Exception {
    try (Manager first = hostedAt(anyPort())) {
      first.list("tasks").add("do this");
      try (Manager second = Manager.connect(first.address(), KEY)) {
        ManagedList<String> tasks = second.list("tasks");
        assertThat(tasks).containsExactly("do this");
        assertThatThrownBy(() -> second.set("tasks"))
            .isInstanceOf(ManagerException.class)
            .hasMessageContaining("\"tasks\" is a list, not a set; use another name");
      }
    }
  }

  @Test
  void anonymous_twice_twoObjects() {
    try (Manager manager = hosted()) {
      ManagedSet<Integer> one = manager.set();
      ManagedSet<Integer> two = manager.set();
      one.add(1);
      assertThat(two).isEmpty();
    }
  }

  @Test
  void argument_notSerializable_saysWhat() {
    try (Manager manager = hosted()) {
      ManagedList<Object> list = manager.list();
      assertThatThrownBy(() -> list.add(new Object()))
          .isInstanceOf(NotSerializableMessageException.class)
          .hasMessageContaining("java.lang.Object")
          .hasMessageContaining("nothing was done");
      assertThat(list).isEmpty();
    }
  }

  /** The connection, which others use, too, goes on. */
  @Test
  void argument_tooLarge_saysSo() {
    try (Manager manager = hosted()) {
      ManagedList<Object> list = manager.list();
      assertThatThrownBy(() -> list.add(new byte[(256 << 20) + 1]))
          .isInstanceOf(NotSerializableMessageException.class)
          .hasMessageContaining("268435456")
          .hasMessageContaining("nothing was done");
      list.add(new byte[20_000_000]);
      assertThat((byte[]) list.get(0)).hasSize(20_000_000);
    }
  }

  // Slow functions.

  private static final class Sleeps implements ServerFunctions.OfOne<String, Integer> {
    private static final long serialVersionUID = 1;

    @Override
    public Integer apply(String key) {
      try {
        TimeUnit.HOURS.sleep(1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return 0;
    }
  }

  /** A function that does not end costs others nothing but its own object, and who waits for that can give up. */
  @Test
  void function_thatDoesNotEnd_holdsUpItsObjectOnly() throws Exception {
    Manager manager = hosted();
    ManagedMap<String, Integer> slow = manager.map();
    ManagedMap<String, Integer> other = manager.map();
    FutureTask<Integer> running = begin(() -> slow.computeIfAbsent("key", new Sleeps()));
    other.put("still", 1);
    assertThat(other.merge("still", 1, (a, b) -> a + b)).isEqualTo(2);

    Faults.awaitLong("the function to run")
        .until(() -> Thread.getAllStackTraces().values().stream()
            .anyMatch(stack -> List.of(stack).toString().contains("ManagerTest$Sleeps.apply")));
    CountDownLatch waits = new CountDownLatch(1);
    FutureTask<Boolean> waiting = new FutureTask<>(() -> {
      waits.countDown();
      try {
        slow.put("other", 1);
        return false;
      } catch (WaitInterruptedException e) {
        return Thread.currentThread().isInterrupted();
      }
    });
    Thread thread = new Thread(waiting, "manager-test");
    thread.start();
    waits.await();
    thread.interrupt();
    assertThat(waiting.get(20, TimeUnit.SECONDS))
        .as("interrupted before it was done")
        .isTrue();

    assertThat(running.isDone()).isFalse();
    manager.close();
    assertThatThrownBy(() -> running.get(5, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(ManagerGoneException.class);
  }

  // Deaths.

  @Test
  void server_killed_whoWaitsIsTold() throws Exception {
    try (Manager manager = Manager.start()) {
      ManagedMap<String, Integer> map = manager.map();
      FutureTask<Integer> waiting = begin(() -> map.computeIfAbsent("key", new Sleeps()));
      ManagedMap<String, Integer> other = manager.map();
      other.put("key", 1);
      ChildProcess server = ChildProcess.activeChildren().get(0);
      assertThat(server.name()).isEqualTo("manager");

      new ProcessBuilder("kill", "-9", Long.toString(server.pid())).start().waitFor();
      long start = System.nanoTime();
      assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
          .hasCauseInstanceOf(ManagerGoneException.class)
          .hasMessageContaining(manager.address().toString());
      assertThatThrownBy(() -> other.get("key"))
          .isInstanceOf(ManagerGoneException.class)
          .hasMessageContaining("cannot be reached any more");
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
      server.join();
    }
  }

  /** A client that is killed in the middle of whatever leaves the server to the others. */
  @Test
  void client_killed_othersGoOn() throws Exception {
    try (Manager manager = hosted()) {
      ManagedMap<String, Integer> map = manager.map();
      ManagedList<Integer> list = manager.list();
      for (int i = 0; i < 3; i++) {
        ChildProcess child = ChildProcess.start(() -> {
          Thread blocked = new Thread(() -> map.computeIfAbsent("key", new Sleeps()));
          blocked.setDaemon(true);
          blocked.start();
          for (int j = 0; ; j++) {
            list.add(j);
          }
        });
        int before = list.size();
        Faults.awaitLong("the child to add something").until(() -> list.size() > before);
        child.kill();
        child.join();
      }
      list.clear();
      list.add(1);
      assertThat(list).containsExactly(1);
    }
  }

  @Test
  void restart_atTheSamePlace_oldHandlesSaySo() throws Exception {
    for (SocketAddress place :
        List.of(anyPort(), UnixDomainSocketAddress.of(directory.resolve("manager.socket")))) {
      Manager first = hostedAt(place);
      SocketAddress address = first.address();
      ManagedList<String> list = first.list("name");
      list.add("old");
      first.close();
      try (Manager second = hostedAt(address)) {
        assertThat(second.list("name")).isEmpty();
        assertThatThrownBy(list::size).isInstanceOf(ManagerException.class);
      }
    }
  }

  @Test
  void start_wherePlaceIsTaken_saysSo() throws Exception {
    try (ConnectionListener listener = ConnectionListener.listen(anyPort(), KEY)) {
      SocketAddress taken = listener.address();
      for (boolean hosted : new boolean[] {true, false}) {
        ManagerOptions options =
            ManagerOptions.builder().hosted(hosted).address(taken).key(KEY).build();
        assertThatThrownBy(() -> Manager.start(options))
            .isInstanceOf(ManagerException.class)
            .hasMessageContaining("cannot listen at " + taken);
        Faults.awaitLong("the child to end")
            .until(() -> ChildProcess.activeChildren().isEmpty());
      }
    }
  }

  // Bad guests.

  @Test
  void connect_wrongKey_refused() throws Exception {
    try (Manager manager = hostedAt(anyPort())) {
      byte[] wrong = "another key of sixteen bytes".getBytes();
      assertThatThrownBy(() -> Manager.connect(manager.address(), wrong))
          .isInstanceOf(WrongKeyException.class);
      manager.list().add("goes on");
    }
  }

  /** A listener of connections has the same handshake, and no manager behind it. */
  @Test
  void connect_noManagerThere_endsInTime() throws Exception {
    try (ConnectionListener listener = ConnectionListener.listen(anyPort(), KEY)) {
      assertThatThrownBy(() -> Manager.connect(listener.address(), KEY, Duration.ofMillis(300)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("did not answer as a manager");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"silent", "random", "leaves", "kind", "length", "header", "batch", "operation"})
  void guests_ofAnyKind_costNobodyElseAnything(String manner) throws Exception {
    try (Manager manager = hostedAt(anyPort())) {
      ManagedList<Integer> list = manager.list();
      List<AutoCloseable> guests = new ArrayList<>();
      try {
        for (int i = 0; i < 100; i++) {
          guests.add(visit(manner, manager.address()));
          list.add(i);
        }
        assertThat(list).hasSize(100);
        try (Manager another = Manager.connect(manager.address(), KEY)) {
          another.list("x").add("there is room for others");
        }
      } finally {
        for (AutoCloseable guest : guests) {
          guest.close();
        }
      }
    }
  }

  private static AutoCloseable visit(String manner, SocketAddress address) throws Exception {
    switch (manner) {
      case "silent":
        return SocketChannel.open(address);
      case "random": {
        SocketChannel channel = SocketChannel.open(address);
        byte[] bytes = new byte[200];
        new Random(1).nextBytes(bytes);
        channel.write(ByteBuffer.wrap(bytes));
        return channel;
      }
      case "leaves":
        SocketChannel.open(address).close();
        return () -> {};
      default:
        return RawManagerClient.misbehave(manner, address, KEY);
    }
  }

  // Options.

  @Test
  void options_bad_saysWhat() {
    ManagerOptions.Builder builder = ManagerOptions.builder();
    assertThatThrownBy(() -> builder.key(new byte[8]))
        .hasMessage("key: 8 bytes (expected: 16 or more)");
    assertThatThrownBy(
            () -> builder.address(InetSocketAddress.createUnresolved("no host of this name", 0)))
        .hasMessageContaining("expected: a host that is known");
    assertThat(builder.key(KEY).build().toString()).doesNotContain("sixteen");
  }
}
