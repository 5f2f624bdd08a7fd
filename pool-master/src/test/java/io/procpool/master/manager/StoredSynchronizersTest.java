// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.manager.ManagedMap;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.master.process.Faults;
import io.procpool.sync.DeadOwner;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of locks, semaphores, events and latches. At a restart everybody who had something has gone. */
@Timeout(120)
class StoredSynchronizersTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();

  @TempDir
  private Path directory;

  private final AtomicBoolean full = new AtomicBoolean();
  private ManagerServer server;
  private Manager manager;

  /**
   * Ends the server, if there is one, and starts it again.
   *
   * @param renewed whether it is to have written the state of all objects into a new file before
   */
  private void restart(boolean renewed) throws Exception {
    if (server != null) {
      if (renewed) {
        renew();
      }
      end();
    }
    StoreFile.Disk disk = (file, bytes, at) -> {
      if (full.get()) {
        throw new IOException("No space left on device");
      }
      return file.write(bytes, at);
    };
    StoreOptions kept = StoreOptions.of(Optional.of(store()), false).renewedBytes(2000);
    server = ManagerServer.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        KEY,
        ServerSetup.keeping(kept),
        disk);
    manager = Manager.connect(server.address(), KEY);
  }

  private Path store() {
    return directory.resolve("store");
  }

  private void renew() {
    ManagedMap<String, String> map = manager.map("filler");
    Path before = newest();
    Faults.awaitLong("a new file, and the end of the old one").until(() -> {
      map.put("a", "b".repeat(200));
      return !Files.exists(before);
    });
  }

  private Path newest() {
    long generation = 1;
    while (!Files.exists(store().resolve("journal-" + generation))) {
      generation++;
    }
    return store().resolve("journal-" + generation);
  }

  @AfterEach
  void end() {
    if (manager != null) {
      server.close();
      manager.close();
      manager = null;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void eventsAndLatches_areAsTheyWere(boolean renewed) throws Exception {
    restart(false);
    manager.event("set").set();
    manager.event("cleared").set();
    manager.event("cleared").clear();
    manager.countDownLatch("latch", 3).countDown();
    manager.countDownLatch("open", 1).countDown();
    manager.countDownLatch("open", 1).countDown();
    for (int i = 0; i < 2; i++) {
      restart(renewed);
      assertThat(manager.event("set").isSet()).isTrue();
      assertThat(manager.event("cleared").isSet()).isFalse();
      assertThat(manager.countDownLatch("latch", 9).count()).isEqualTo(2);
      assertThat(manager.countDownLatch("open", 9).await(Duration.ZERO)).isTrue();
    }
  }

  /** It is as if all who have permits had died just before. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void semaphores_haveWhatTheyWouldHaveIfAllClientsWereDead(boolean renewed) throws Exception {
    restart(false);
    ProcessSemaphore guards = manager.semaphore("guards", 5);
    guards.acquire(3);
    ProcessSemaphore counts = manager.semaphore("counts", 0);
    counts.release(4);
    counts.acquire(1);
    ProcessSemaphore more = manager.semaphore("more", 2);
    more.acquire(2);
    more.release(5);
    more.acquire(4);
    ProcessSemaphore less = manager.semaphore("less", 2);
    less.release(3);
    less.drainPermits();
    ProcessSemaphore bounded = manager.boundedSemaphore("bounded", 3);
    bounded.acquire(2);
    bounded.release(1);
    for (int i = 0; i < 2; i++) {
      restart(renewed);
      assertThat(manager.semaphore("guards", 9).availablePermits()).isEqualTo(5);
      assertThat(manager.semaphore("counts", 9).availablePermits()).isEqualTo(3);
      assertThat(manager.semaphore("more", 9).availablePermits()).isEqualTo(2);
      assertThat(manager.semaphore("less", 9).availablePermits()).isEqualTo(2);
      assertThat(manager.boundedSemaphore("bounded", 9).availablePermits()).isEqualTo(3);
    }
    manager.semaphore("counts", 0).acquire(2);
    assertThatThrownBy(() -> manager.boundedSemaphore("bounded", 3).release(1))
        .isInstanceOf(IllegalStateException.class);
    restart(renewed);
    assertThat(manager.semaphore("counts", 0).availablePermits()).isEqualTo(1);
  }

  /** Whatever was done: what is there afterwards is what there is when another server's only client dies. */
  @Test
  void semaphore_randomOperations_asAfterDeath() throws Exception {
    long seed = Long.getLong("procpool.test.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < 8; round++) {
      String name = "semaphore " + round;
      int first = random.nextInt(4);
      restart(false);
      ProcessSemaphore semaphore = manager.semaphore(name, first);
      int available = first;
      int held = 0;
      for (int i = 0; i < 30; i++) {
        int permits = 1 + random.nextInt(3);
        if (random.nextBoolean()) {
          semaphore.release(permits);
          available += permits;
          held -= Math.min(held, permits);
        } else if (semaphore.tryAcquire(permits)) {
          available -= permits;
          held += permits;
        }
      }
      assertThat(semaphore.availablePermits()).isEqualTo(available);
      restart(random.nextBoolean());
      assertThat(manager.semaphore(name, 99).availablePermits())
          .as("seed %d, round %d", seed, round)
          .isEqualTo(available + Math.min(held, Math.max(0, first - available)));
    }
  }

  /** The lock is free, its first owner is told of whoever had it, and tokens go on. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void locks_comeBackFree_ownerOfThenIsTold(boolean renewed) throws Exception {
    restart(false);
    ProcessLock held = manager.lock("held");
    for (int i = 0; i < 4; i++) {
      held.lock();
      held.unlock();
    }
    held.lock();
    long token = held.fencingToken();
    assertThat(token).isEqualTo(5);
    ProcessLock reentrant = manager.reentrantLock("reentrant");
    reentrant.lock();
    reentrant.lock();
    reentrant.unlock();
    ProcessLock free = manager.lock("free");
    free.lock();
    free.unlock();
    for (int i = 0; i < 2; i++) { // also if nobody has asked in between
      restart(renewed);
    }
    OptionalLong self = OptionalLong.of(ProcessHandle.current().pid());
    for (String name : new String[] {"held", "free"}) {
      ProcessLock lock = manager.lock(name);
      assertThat(lock.isLocked()).isFalse();
      lock.lock();
      assertThat(lock.fencingToken()).isEqualTo(name.equals("held") ? token + 1 : 2);
      assertThat(lock.deadOwner())
          .isEqualTo(name.equals("held") ? Optional.of(new DeadOwner(self)) : Optional.empty());
      lock.unlock();
      lock.lock();
      assertThat(lock.deadOwner()).as("told once").isEmpty();
      lock.unlock();
    }
    assertThat(manager.reentrantLock("reentrant").tryLock()).isTrue();
    assertThat(manager.reentrantLock("reentrant").holdCount()).isEqualTo(1);
    assertThat(manager.reentrantLock("reentrant").deadOwner()).isPresent();
    restart(renewed);
    assertThat(manager.lock("held").tryLock()).isTrue();
    assertThat(manager.lock("held").fencingToken()).isEqualTo(token + 3);
    assertThat(manager.lock("held").deadOwner()).isEmpty();
  }

  /** While nothing can be written nobody gets what would have to be; what is released is. */
  @Test
  void diskFull_whoWasNotGivenSomethingDoesNotHaveIt() throws Exception {
    restart(false);
    ProcessLock lock = manager.lock("lock");
    ProcessLock had = manager.lock("had");
    ProcessSemaphore counts = manager.semaphore("counts", 0);
    ProcessSemaphore guards = manager.semaphore("guards", 2);
    counts.release(3);
    lock.lock();
    lock.unlock();
    had.lock();
    ProcessCondition condition = had.newCondition();
    full.set(true);
    // The first one is tried, the others are refused before.
    assertThatThrownBy(lock::lock)
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("nothing was done")
        .hasMessageContaining("No space left on device");
    assertThat(lock.isHeldByCurrentThread()).isFalse();
    assertThat(lock.isLocked()).isFalse();
    assertThatThrownBy(lock::tryLock).hasMessageContaining("nothing can be changed now");
    assertThatThrownBy(() -> counts.acquire(1)).hasMessageContaining("nothing can be changed now");
    assertThatThrownBy(counts::drainPermits).hasMessageContaining("nothing can be changed now");
    assertThatThrownBy(() -> counts.release(1)).hasMessageContaining("nothing can be changed now");
    assertThatThrownBy(() -> manager.event("new"))
        .hasMessageContaining("nothing can be changed now");
    assertThat(counts.availablePermits()).isEqualTo(3);
    guards.acquire(2); // which changes nothing of what there is after a restart
    guards.release(1);
    assertThat(condition.await(1, TimeUnit.MILLISECONDS)).isFalse();
    assertThat(had.isHeldByCurrentThread()).isTrue();
    had.unlock();
    full.set(false);
    Faults.awaitLong("the store to be written again").until(() -> {
      try {
        counts.acquire(1);
        return true;
      } catch (ManagerException stillFull) {
        return false;
      }
    });
    lock.lock();
    lock.unlock();
    restart(false);
    assertThat(manager.semaphore("counts", 0).availablePermits()).isEqualTo(2);
    assertThat(manager.semaphore("guards", 0).availablePermits()).isEqualTo(2);
    had.lock();
    assertThat(had.deadOwner()).isEmpty();
    lock.lock();
    assertThat(lock.deadOwner()).isEmpty();
  }

  /** Permits that came with a write that failed go back, and all who wait are told. */
  @Test
  void diskFull_whoWaits_isTold() throws Exception {
    restart(false);
    ProcessLock lock = manager.lock("lock");
    ProcessSemaphore counts = manager.semaphore("counts", 0);
    lock.lock();
    FutureTask<Throwable> waitsForLock = failureOf(lock::lock);
    FutureTask<Throwable> waitsForPermit = failureOf(() -> counts.acquire(2));
    counts.release(1); // sent after what they wait for
    full.set(true);
    lock.unlock();
    assertThat(waitsForLock.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("nothing was done");
    Faults.awaitLong("the lock to be free").until(() -> !lock.isLocked());
    full.set(false);
    Faults.awaitLong("the store to be written again").until(() -> {
      try {
        counts.release(1);
        return true;
      } catch (ManagerException stillFull) {
        return false;
      }
    });
    assertThat(waitsForPermit.get(20, TimeUnit.SECONDS)).isNull();
    assertThat(counts.availablePermits()).isZero();
    restart(false);
    assertThat(counts.availablePermits()).isZero();
  }

  private interface Step {
    void run() throws Exception;
  }

  private static FutureTask<Throwable> failureOf(Step step) {
    FutureTask<Throwable> task = new FutureTask<>(() -> {
      try {
        step.run();
        return null;
      } catch (ManagerException e) {
        return e;
      }
    });
    Thread thread = new Thread(task, "stored-synchronizers-test");
    thread.start();
    Faults.awaitLong("it to have asked, and to wait")
        .until(() -> Arrays.stream(thread.getStackTrace())
            .anyMatch(frame -> frame.getClassName().endsWith("ManagerClient")
                && frame.getMethodName().equals("await")));
    return task;
  }
}
