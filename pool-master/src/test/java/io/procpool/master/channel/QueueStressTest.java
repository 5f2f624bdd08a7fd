// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.WorkerCrashedException;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueOptions;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Four producers and four consumers, each a process, of which some are killed at random moments. Forbidden: an element that is taken
 * twice, torn, not put by anybody, or out of its producer's order; more elements lost than consumers were killed with one in their
 * hands; a wait that does not end. {@code -Dprocpool.test.seed} repeats the choices of a run.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class QueueStressTest {
  private static final int EACH = 4;
  private static final int ATTEMPTS = 10;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void queue_processesKilled_accountIsExact() throws Exception {
    run(LongForm.choose(8, 5), 100, 30_000);
  }

  @Test
  @Tag("stress")
  void queue_processesKilledForLong_accountIsExact() throws Exception {
    for (int i = 0; i < 20; i++) {
      run(40, 200, 100_000);
    }
  }

  private static ProcessQueue<int[]> queue(Random random) {
    QueueOptions.Builder options = QueueOptions.builder();
    if (random.nextBoolean()) {
      options.capacity(1 + random.nextInt(100));
    }
    options.capacityBytes(random.nextBoolean() ? 4096 : 1 << 20);
    return ProcessQueue.open(options.build());
  }

  private static void run(int kills, int mostMillis, int elements) throws Exception {
    long seed = Long.getLong("procpool.test.seed", System.nanoTime());
    Random random = new Random(seed);
    Lane lane = new Lane.Queued(queue(random));
    try (Crew crew = new Crew(lane, 2 * EACH, 2 * EACH + kills, elements, random)) {
      for (int i = 0; i < EACH; i++) {
        crew.startProducer();
        crew.startConsumer();
      }
      for (int kill = 0; kill < kills; kill++) {
        int puts = crew.ledger.puts();
        Faults.awaitLong("some puts").until(() -> crew.ledger.puts() > puts || crew.isThrough());
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(mostMillis)));
        crew.killOne();
      }
      crew.ledger.stop().set(0, 1);
      crew.finish("seed " + seed);
      assertThat(crew.ledger.puts()).as("seed %d", seed).isPositive();
    }
  }

  /** The checks find mistakes: each broken copy must be told of. */
  @Test
  void brokenCopies_areCaught() throws Exception {
    assertCaught(() -> Lane.TwoSteps.create(64));
    assertCaught(() ->
        new Lane.Forgetful(new Lane.Queued(ProcessQueue.ofCapacity(100)), SharedInt.create(0)));
  }

  private static void assertCaught(Supplier<Lane> broken) throws Exception {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try (Crew crew = new Crew(broken.get(), EACH, EACH, 20_000, new Random(1))) {
        for (int i = 0; i < 2; i++) {
          crew.startProducer();
          crew.startConsumer();
        }
        crew.finish("broken");
      } catch (AssertionError found) {
        return;
      }
    }
    throw new AssertionError("no violation was found in " + ATTEMPTS + " attempts");
  }

  /** Those who put and take, each with a worker of its own. */
  private static final class Crew implements AutoCloseable, PoolListener {
    private final Lane lane;
    private final Random random;
    private final Ledger ledger;
    private final Pool pool;
    private final List<Long> pids = new CopyOnWriteArrayList<>();
    private final List<AsyncResult<Integer>> producers = new ArrayList<>();
    private final List<AsyncResult<String>> consumers = new ArrayList<>();
    private int producersStarted;
    private int consumersStarted;

    Crew(Lane lane, int workers, int most, int elements, Random random) {
      this.lane = lane;
      this.random = random;
      this.ledger = Ledger.create(most, elements);
      this.pool = Pool.open(
          Faults.options("queue-stress").workers(workers).listener(this).build());
      Faults.awaitFull(pool); // so that all begin together
    }

    @Override
    public void workerStarted(WorkerEvent worker) {
      pids.add(worker.pid());
    }

    @Override
    public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
      pids.remove(worker.pid());
    }

    void startProducer() {
      int number = producersStarted++;
      long seed = random.nextLong();
      Lane through = lane;
      Ledger account = ledger;
      producers.add(pool.submit(() -> account.produce(through, number, seed)));
    }

    void startConsumer() {
      int number = consumersStarted++;
      Lane through = lane;
      Ledger account = ledger;
      consumers.add(pool.submit(() -> account.consume(through, number)));
    }

    void killOne() throws Exception {
      List<Long> living =
          Faults.awaitLong("a worker").until(() -> List.copyOf(pids), now -> !now.isEmpty());
      ProcessHandle.of(living.get(random.nextInt(living.size())))
          .ifPresent(ProcessHandle::destroyForcibly);
      replaceDead();
    }

    private void replaceDead() throws InterruptedException {
      int dead = removeDead(producers);
      for (int i = 0; i < dead && producersStarted < ledger.most(); i++) {
        startProducer();
      }
      dead = removeDead(consumers);
      for (int i = 0; i < dead && consumersStarted < ledger.most(); i++) {
        startConsumer();
      }
    }

    /** Tells whether all who put have ended. */
    boolean isThrough() throws Exception {
      replaceDead();
      checkConsumers();
      return producers.stream().allMatch(AsyncResult::isDone);
    }

    private static int removeDead(List<? extends AsyncResult<?>> results)
        throws InterruptedException {
      int dead = 0;
      for (Iterator<? extends AsyncResult<?>> each = results.iterator(); each.hasNext(); ) {
        AsyncResult<?> result = each.next();
        if (result.isDone() && result.failure().orElse(null) instanceof WorkerCrashedException) {
          each.remove();
          dead++;
        }
      }
      return dead;
    }

    /** Waits for producers to end, lets consumers take the rest, and checks the account. */
    void finish(String run) throws Exception {
      Faults.awaitLong(run + ": producers to end").until(this::isThrough);
      lane.close();
      Faults.awaitLong(run + ": consumers to end").until(() -> {
        replaceDead();
        return consumers.stream().allMatch(AsyncResult::isDone);
      });
      for (AsyncResult<Integer> producer : producers) {
        assertThat(Faults.valueOf(producer)).as(run).isNotNegative();
      }
      checkConsumers();
      ledger.check(run);
    }

    private void checkConsumers() throws Exception {
      for (AsyncResult<String> consumer : consumers) {
        if (consumer.isDone()) {
          assertThat(Faults.valueOf(consumer)).as("what a consumer found").isEmpty();
        }
      }
    }

    @Override
    public void close() {
      ledger.stop().set(0, 1);
      lane.close();
      pool.shutdownNow();
      pool.close();
      ledger.close();
    }
  }
}
