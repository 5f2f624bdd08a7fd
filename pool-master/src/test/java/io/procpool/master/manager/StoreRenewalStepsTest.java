// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedType;
import io.procpool.manager.Manager;
import io.procpool.sync.ProcessLock;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server may be killed before and after each single thing that it does to a file while it renews its journal, and in the middle of each write: what lies in the directory at each of these moments is copied,
 * and has all that had been told by then.
 */
@Timeout(120)
class StoreRenewalStepsTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();
  private static final int RENEWALS = 2;
  private static final int CHANGES_AFTER = 3;

  @TempDir
  private Path directory;

  /** A type of a user's. */
  interface Sum {
    long add(int number);

    long get();
  }

  private static final class RealSum implements Sum, Serializable {
    private static final long serialVersionUID = 1;
    private long sum;

    @Override
    public long add(int number) {
      sum += number;
      return sum;
    }

    @Override
    public long get() {
      return sum;
    }
  }

  private static final List<ManagedType<?>> TYPES =
      List.of(new ManagedType<>("sum", Sum.class, RealSum::new));

  /** What lies in the directory at some moment. */
  private record Picture(String step, int told, Path copy) {}

  /** Copies the directory before each step, and in the middle of writes. */
  private final class Photographer implements StoreFile.Disk {
    private final Path store;
    private final List<Picture> pictures = Collections.synchronizedList(new ArrayList<>());
    private final Map<FileChannel, String> names = new HashMap<>();
    final AtomicInteger told = new AtomicInteger();
    private int begun; // renewals
    private int left; // pictures of changes after a renewal
    private boolean halfWritten;

    Photographer(Path store) {
      this.store = store;
    }

    private void picture(String step) throws IOException {
      if (begun == 0 || left == 0) {
        return;
      }
      Path copy = Files.createDirectories(directory.resolve("picture-" + pictures.size()));
      int known = told.get(); // nobody is told anything before this returns
      try (Stream<Path> files = Files.list(store)) {
        for (Path file : files.filter(each -> StoreFile.generation(each) > 0).toList()) {
          Files.copy(file, copy.resolve(file.getFileName()));
        }
      }
      pictures.add(new Picture(step, known, copy));
    }

    @Override
    public synchronized FileChannel create(Path file) throws IOException {
      begun += StoreFile.generation(file) > 1 ? 1 : 0;
      left = begun > RENEWALS ? 0 : Integer.MAX_VALUE;
      picture("before " + file.getFileName() + " is made");
      FileChannel made = StoreFile.Disk.super.create(file);
      names.put(made, file.getFileName().toString());
      return made;
    }

    @Override
    public synchronized int write(FileChannel file, ByteBuffer bytes, long at) throws IOException {
      String step = "of a write at byte " + at + " of " + names.get(file);
      int all = bytes.remaining();
      if (!halfWritten && all > 1) {
        picture("before the beginning " + step);
        bytes.limit(bytes.position() + all / 2);
        int written = file.write(bytes, at);
        bytes.limit(bytes.limit() + all - all / 2);
        halfWritten = true;
        return written;
      }
      halfWritten = false;
      picture("before the end " + step);
      int written = file.write(bytes, at);
      left = left == Integer.MAX_VALUE ? left : Math.max(0, left - 1);
      return written;
    }

    @Override
    public synchronized void force(FileChannel file) throws IOException {
      picture("before " + names.get(file) + " is forced to the disk");
      StoreFile.Disk.super.force(file);
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
      picture("before " + file.getFileName() + " is deleted");
      StoreFile.Disk.super.delete(file);
      left = CHANGES_AFTER;
      picture("after " + file.getFileName() + " is deleted");
    }

    synchronized boolean isThrough() {
      return begun > RENEWALS;
    }
  }

  /** Does the same as a client of a server, step by step. */
  private static final class Model {
    private final Map<String, Integer> map = new TreeMap<>();
    private final List<Integer> list = new ArrayList<>();
    private final List<Integer> queue = new ArrayList<>();
    private @Nullable List<Integer> extra;
    private boolean set;
    private int permits;
    private int count = 1_000_000;
    private long tokens;
    private boolean held;
    private long sum;

    void step(int number, @Nullable Manager manager) throws Exception {
      switch (number % 13) {
        case 0 -> {
          queue.add(number);
          if (manager != null) {
            manager.<Integer>queue("queue", 10).put(number);
          }
        }
        case 1 -> {
          set = !set;
          if (manager != null && set) {
            manager.event("event").set();
          } else if (manager != null) {
            manager.event("event").clear();
          }
        }
        case 2 -> {
          permits += 2;
          if (manager != null) {
            manager.semaphore("semaphore", 0).release(2);
          }
        }
        case 3 -> {
          tokens++;
          held = true;
          if (manager != null) {
            manager.lock("lock").lock();
          }
        }
        case 4 -> {
          extra = extra == null ? new ArrayList<>() : extra;
          extra.add(number);
          if (manager != null) {
            manager.<Integer>list("extra " + number / 26).add(number);
          }
        }
        case 5 -> {
          held = false;
          if (manager != null) {
            manager.lock("lock").unlock();
          }
        }
        case 6 -> {
          permits--;
          if (manager != null) {
            manager.semaphore("semaphore", 0).acquire(1);
          }
        }
        case 7 -> {
          queue.remove(0);
          if (manager != null) {
            manager.queue("queue", 10).take();
          }
        }
        case 8 -> {
          count--;
          if (manager != null) {
            manager.countDownLatch("latch", 1_000_000).countDown();
          }
        }
        case 9 -> {
          sum += number;
          if (manager != null) {
            manager.object("sum", "sum", Sum.class).add(number);
          }
        }
        case 10 -> {
          if (number / 13 % 2 == 1) {
            extra = null;
            if (manager != null) {
              manager.remove("extra " + number / 26);
            }
          }
        }
        case 11 -> {
          if (list.size() > 5) {
            list.clear();
            if (manager != null) {
              manager.list("list").clear();
            }
          } else {
            list.add(number);
            if (manager != null) {
              manager.<Integer>list("list").add(number);
            }
          }
        }
        default -> {
          map.put("k" + number % 7, number);
          if (manager != null) {
            manager.<String, Integer>map("map").put("k" + number % 7, number);
          }
        }
      }
    }

    List<Object> content() {
      return List.of(
          new TreeMap<>(map),
          List.copyOf(list),
          List.copyOf(queue),
          String.valueOf(extra),
          set,
          permits,
          count,
          tokens,
          held,
          sum);
    }
  }

  /** Reads what the model has. */
  private static List<Object> content(Manager manager) throws Exception {
    ProcessLock lock = manager.lock("lock");
    lock.lock();
    ManagedQueue<Integer> queue = manager.queue("queue", 10);
    String extra = manager.names().stream()
        .filter(name -> name.startsWith("extra"))
        .map(name -> new ArrayList<>(manager.list(name)).toString())
        .filter(list -> !list.equals("[]")) // made, and nothing added yet
        .findFirst()
        .orElse("null");
    return List.of(
        new TreeMap<>(manager.<String, Integer>map("map")),
        new ArrayList<>(manager.<Integer>list("list")),
        new ArrayList<>(queue),
        extra,
        manager.event("event").isSet(),
        manager.semaphore("semaphore", 0).availablePermits(),
        manager.countDownLatch("latch", 1_000_000).count(),
        lock.fencingToken() - 1,
        lock.deadOwner().isPresent(),
        manager.object("sum", "sum", Sum.class).get());
  }

  private static ManagerServer start(Path store, boolean sync, StoreFile.Disk disk)
      throws IOException {
    StoreOptions kept = StoreOptions.of(Optional.of(store), sync).renewedBytes(2500);
    return ManagerServer.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        KEY,
        new ServerSetup(false, null, null, TYPES, kept, Duration.ZERO),
        disk);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void renewal_stoppedAtEachStep_hasAllThatWasTold(boolean sync) throws Exception {
    Path store = directory.resolve("store");
    Photographer photographer = new Photographer(store);
    try (ManagerServer server = start(store, sync, photographer);
        Manager manager = Manager.connect(server.address(), KEY)) {
      Model model = new Model();
      for (int number = 0; !photographer.isThrough(); number++) {
        assertThat(number).as("renewed by now").isLessThan(20_000);
        model.step(number, manager);
        photographer.told.set(number + 1);
      }
    }
    List<Picture> pictures = photographer.pictures;
    assertThat(pictures.stream()
            .map(picture -> picture.step.replaceAll("[0-9]+", "N"))
            .distinct())
        .contains(
            "before journal-N is made",
            "before the beginning of a write at byte N of journal-N",
            "before the end of a write at byte N of journal-N",
            "before journal-N is deleted",
            "after journal-N is deleted");
    for (Picture picture : pictures) {
      check(picture);
    }
  }

  private static void check(Picture picture) throws Exception {
    Model told = new Model();
    for (int number = 0; number < picture.told; number++) {
      told.step(number, null);
    }
    List<Object> least = told.content();
    told.step(picture.told, null);
    List<Object> most = told.content();
    try (ManagerServer server = start(picture.copy, false, Store.DISK);
        Manager manager = Manager.connect(server.address(), KEY)) {
      assertThat(content(manager)).as("%s", picture).isIn(least, most);
    }
  }
}
