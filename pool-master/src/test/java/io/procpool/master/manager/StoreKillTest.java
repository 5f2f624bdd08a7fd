// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedType;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.master.process.Faults;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.IOException;
import java.io.Serializable;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Servers that are killed in the middle of work, again and again, and started with the same store: all that any client was told is there; what was not told is there
 * entirely or not at all.
 */
@Timeout(1200)
class StoreKillTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();
  private static final int CLIENTS = 4;
  private static final int COUNT = 1_000_000;
  private static final int ROUNDS =
      Integer.getInteger("procpool.test.kills", LongForm.choose(3, 2));

  @TempDir
  private Path directory;

  private final long seed = Long.getLong("procpool.test.seed", System.nanoTime());
  private final AtomicLong told = new AtomicLong();
  private final AtomicLong counted = new AtomicLong(); // merges that were told
  private long maybeCounted; // others
  private final AtomicLong highestToken = new AtomicLong(); // changed by who has the lock

  @AfterEach
  void nothingIsLeft() {
    ChildProcess.activeChildren().forEach(ChildProcess::kill);
    assertThat(ChildProcess.activeChildren()).isEmpty();
  }

  /** A type of a user's. */
  interface Notes {
    void note(int number);

    List<Integer> all();
  }

  private static final class RealNotes implements Notes, Serializable {
    private static final long serialVersionUID = 1;
    private final ArrayList<Integer> all = new ArrayList<>();

    @Override
    public void note(int number) {
      note(all, number);
    }

    static void note(List<Integer> all, int number) {
      if (all.size() == 40) {
        all.clear();
      }
      all.add(number);
    }

    @Override
    public List<Integer> all() {
      return all;
    }
  }

  /** What a client knows of its own objects, which no other one changes. */
  private final class Client {
    private final String name;
    private final Random random;
    private Map<String, Integer> map = new HashMap<>();
    private Map<String, Integer> dict = new LinkedHashMap<>();
    private List<String> list = new ArrayList<>();
    private Set<String> set = new LinkedHashSet<>();
    private List<Integer> queue = new ArrayList<>();
    private boolean isSet;
    private int permits;
    private int count = COUNT;
    private List<Integer> notes = new ArrayList<>();
    private int lastPut;

    // The same with the operation that was not told.
    private Object maybe = List.of();
    private boolean maybeMerged;

    Client(int number) {
      this.name = "client " + number + " ";
      this.random = new Random(seed + number);
    }

    /** Works until the server is gone, which it may be before there are objects to work with. */
    Void work(Manager manager) {
      maybe = List.of();
      maybeMerged = false;
      try {
        workOn(manager);
      } catch (ManagerException gone) {
        return null;
      }
      throw new AssertionError("nobody ended the work");
    }

    private void workOn(Manager manager) {
      ManagedMap<String, Integer> remoteMap = manager.map(name + "map");
      ManagedMap<String, Integer> remoteDict = manager.dict(name + "dict");
      List<String> remoteList = manager.list(name + "list");
      Set<String> remoteSet = manager.set(name + "set");
      ManagedQueue<Integer> remoteQueue = manager.queue(name + "queue", 1000);
      ManagedMap<String, Integer> counts = manager.map("counts");
      ProcessEvent event = manager.event(name + "event");
      ProcessSemaphore semaphore = manager.semaphore(name + "semaphore", 0);
      ProcessCountDownLatch latch = manager.countDownLatch(name + "latch", COUNT);
      Notes remoteNotes = manager.object("notes", name + "notes", Notes.class);
      ProcessLock lock = manager.lock("lock");
      while (true) {
        String key = "k" + random.nextInt(30);
        int value = random.nextInt();
        Client after = copy();
        maybe = after;
        maybeMerged = false;
        switch (random.nextInt(18)) {
          case 0 -> {
            after.map.remove(key);
            remoteMap.remove(key);
          }
          case 1 -> {
            Map<String, Integer> many = new LinkedHashMap<>();
            for (int i = 0; i < 20; i++) {
              many.put("m" + i, value);
            }
            after.dict.putAll(many);
            remoteDict.putAll(many);
          }
          case 2 -> {
            after.dict.remove(key);
            remoteDict.remove(key);
          }
          case 3 -> {
            after.list.addAll(List.of(key, "b", "c"));
            remoteList.addAll(List.of(key, "b", "c"));
          }
          case 4 -> {
            if (!list.isEmpty()) {
              after.list.remove(0);
              remoteList.remove(0);
            }
          }
          case 5 -> {
            if (list.size() > 40) {
              after.list.clear();
              remoteList.clear();
            }
          }
          case 6 -> {
            after.set.add(key);
            remoteSet.add(key);
          }
          case 7 -> {
            after.set.remove(key);
            remoteSet.remove(key);
          }
          case 8 -> {
            lastPut++;
            after.queue.add(lastPut);
            remoteQueue.add(lastPut);
          }
          case 9 -> {
            Integer taken = queue.isEmpty() ? null : after.queue.remove(0);
            assertThat(remoteQueue.poll()).isEqualTo(taken);
          }
          case 10 -> {
            maybeMerged = true;
            counts.merge(key, 1, (a, b) -> a + b);
            maybeMerged = false;
            counted.incrementAndGet();
          }
          case 11 -> {
            after.isSet = !isSet;
            if (after.isSet) {
              event.set();
            } else {
              event.clear();
            }
          }
          case 12 -> {
            after.permits += 2;
            semaphore.release(2);
          }
          case 13 -> {
            boolean isThere = permits > 0;
            after.permits -= isThere ? 1 : 0;
            assertThat(semaphore.tryAcquire()).isEqualTo(isThere);
          }
          case 14 -> {
            after.count--;
            latch.countDown();
          }
          case 15 -> {
            RealNotes.note(after.notes, value);
            remoteNotes.note(value);
          }
          case 16 -> {
            lock.lock();
            long token = lock.fencingToken();
            assertThat(token).isGreaterThan(highestToken.getAndSet(token));
            lock.unlock();
          }
          default -> {
            after.map.put(key, value);
            remoteMap.put(key, value);
          }
        }
        take(after);
        told.incrementAndGet();
      }
    }

    private Client copy() {
      Client copy = new Client(0);
      copy.map = new HashMap<>(map);
      copy.dict = new LinkedHashMap<>(dict);
      copy.list = new ArrayList<>(list);
      copy.set = new LinkedHashSet<>(set);
      copy.queue = new ArrayList<>(queue);
      copy.isSet = isSet;
      copy.permits = permits;
      copy.count = count;
      copy.notes = new ArrayList<>(notes);
      return copy;
    }

    private void take(Client other) {
      map = other.map;
      dict = other.dict;
      list = other.list;
      set = other.set;
      queue = other.queue;
      isSet = other.isSet;
      permits = other.permits;
      count = other.count;
      notes = other.notes;
    }

    private List<Object> content() {
      return List.of(
          map,
          new ArrayList<>(dict.entrySet()),
          list,
          new ArrayList<>(set),
          queue,
          isSet,
          permits,
          count,
          notes);
    }

    /** What is there is what was told, or that with the one operation that was not. */
    void check(Manager manager) {
      List<Object> is = List.of(
          new HashMap<>(manager.<String, Integer>map(name + "map")),
          new ArrayList<>(
              new LinkedHashMap<>(manager.<String, Integer>dict(name + "dict")).entrySet()),
          new ArrayList<>(manager.<String>list(name + "list")),
          new ArrayList<>(manager.<String>set(name + "set")),
          new ArrayList<>(manager.<Integer>queue(name + "queue", 1000)),
          manager.event(name + "event").isSet(),
          manager.semaphore(name + "semaphore", 0).availablePermits(),
          manager.countDownLatch(name + "latch", COUNT).count(),
          manager.object("notes", name + "notes", Notes.class).all());
      if (maybe instanceof Client after && after.content().equals(is)) {
        take(after);
      }
      assertThat(is).as("%s, seed %d", name, seed).isEqualTo(content());
    }
  }

  static List<Arguments> stores() {
    return LongForm.choose(
        List.of(
            Arguments.of(false, 64L << 20),
            Arguments.of(false, 20_000L),
            Arguments.of(true, 20_000L)),
        2);
  }

  @ParameterizedTest
  @MethodSource("stores")
  void server_killedAtAnyMoment_hasAllThatWasTold(boolean sync, long renewedBytes)
      throws Exception {
    UnixDomainSocketAddress address =
        UnixDomainSocketAddress.of(directory.resolve("manager.socket"));
    Path store = directory.resolve("store");
    highestToken.set(0);
    StoreOptions options = StoreOptions.of(Optional.of(store), sync).renewedBytes(renewedBytes);
    Random random = new Random(seed);
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new Client(i));
    }
    String where = address.getPath().toString();
    for (int round = 0; round < ROUNDS; round++) {
      ChildProcess server = ChildProcess.start(() -> serve(where, options));
      Manager manager = connect(address, server);
      for (Client client : clients) {
        client.check(manager);
      }
      checkCounts(manager);
      boolean isLast = round == ROUNDS - 1;
      long until = told.get() + (isLast ? 3000 : 1 + random.nextInt(3000)); // enough to renew
      List<FutureTask<Void>> working = new ArrayList<>();
      for (Client client : clients) {
        FutureTask<Void> task = new FutureTask<>(() -> client.work(manager));
        new Thread(task, "store-kill-test").start();
        working.add(task);
      }
      Faults.awaitLong("enough to be told, or somebody to have failed")
          .until(() -> told.get() >= until || working.stream().anyMatch(FutureTask::isDone));
      server.kill();
      for (FutureTask<Void> task : working) {
        task.get(60, TimeUnit.SECONDS);
      }
      server.join();
      maybeCounted += clients.stream().filter(client -> client.maybeMerged).count();
      manager.close();
    }
    try (Stream<Path> files = Files.list(store)) {
      assertThat(files.anyMatch(file -> file.endsWith("journal-1")))
          .as("renewed")
          .isEqualTo(renewedBytes > 1_000_000);
    }
  }

  private void checkCounts(Manager manager) {
    long sum = manager.<String, Integer>map("counts").values().stream()
        .mapToLong(Integer::longValue)
        .sum();
    assertThat(sum).as("seed %d", seed).isBetween(counted.get(), counted.get() + maybeCounted);
    counted.set(sum);
    maybeCounted = 0;
  }

  private static Manager connect(UnixDomainSocketAddress address, ChildProcess server) {
    Manager[] connected = new Manager[1];
    Faults.awaitLong("the server to listen").until(() -> {
      assertThat(server.isAlive()).isTrue();
      try {
        connected[0] = Manager.connect(address, KEY);
        return true;
      } catch (IOException notYet) {
        return false;
      }
    });
    return connected[0];
  }

  private static void serve(String where, StoreOptions options) throws Exception {
    try (ManagerServer server = ManagerServer.start(
        UnixDomainSocketAddress.of(where),
        KEY,
        new ServerSetup(
            false,
            null,
            null,
            List.of(new ManagedType<>("notes", Notes.class, RealNotes::new)),
            options,
            Duration.ZERO))) {
      new CountDownLatch(1).await();
    }
  }
}
