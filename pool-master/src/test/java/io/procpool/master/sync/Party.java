// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.Task;
import io.procpool.master.process.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who takes part in a test: this process, or the worker of a pool of one. What it does travels as tasks of that pool, with the
 * handles that they capture, to its actors. For one thread.
 */
final class Party implements AutoCloseable {
  private static final List<String> SHORT_LIVED =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private final @Nullable Pool pool;
  private final List<Long> actors = new ArrayList<>();
  private Actor first = actor();

  private Party(@Nullable Pool pool) {
    this.pool = pool;
  }

  /** Returns this process as a party. */
  static Party master() {
    return new Party(null);
  }

  /** Starts a party. */
  static Party open(String backend, String name, List<String> jvmArgs) {
    PoolOptions.Builder options =
        PoolOptions.builder().backend(backend).name(Faults.PREFIX + name).workers(1);
    if (backend.equals(PoolOptions.PROCESSES)) {
      List<String> flags = new ArrayList<>(SHORT_LIVED);
      flags.addAll(jvmArgs);
      options
          .gracePeriod(Faults.SHORT)
          .workerStdout(PoolOptions.WorkerStream.DISCARD)
          .workerStderr(PoolOptions.WorkerStream.DISCARD)
          .jvmArgs(flags);
    }
    return new Party(Pool.open(options.build()));
  }

  /** Has a task run in the party's process, in the thread of the worker. */
  <T> T dispatch(Task<T> task) throws Exception {
    if (pool == null) {
      return task.call();
    }
    AsyncResult<T> result = pool.submit(task);
    if (!result.await(Faults.LONG.multipliedBy(2))) { // the task itself may wait that long
      throw new AssertionError(result + " of " + this + " has not ended");
    }
    return Faults.valueOf(result);
  }

  /** Returns a new thread of this party. */
  Actor actor() {
    Actor made = new Actor(this);
    actors.add(made.id);
    return made;
  }

  /** Does something in the party's first thread, always the same, and returns its value; throws what it throws. */
  <T> T call(Task<T> task) throws Exception {
    return first.call(task);
  }

  /** Does something in the party's first thread; throws what it throws. */
  void run(Action action) throws Exception {
    first.run(action);
  }

  /** Begins something in a thread of its own. */
  <T> Begun<T> begin(Task<T> task) throws Exception {
    return actor().begin(task);
  }

  /** Begins something without a value in a thread of its own. */
  Begun<Boolean> start(Action action) throws Exception {
    return actor().start(action);
  }

  long pid() throws Exception {
    return dispatch(() -> ProcessHandle.current().pid());
  }

  /** Kills the party's process from outside and waits until it is gone; a new one takes its place. */
  void kill() throws Exception {
    kill(pid());
  }

  /** As {@link #kill()}, if the pid is known already. */
  void kill(long pid) throws Exception {
    Pool killed = Objects.requireNonNull(pool);
    long before = killed.statistics().crashedWorkers();
    Faults.signal("KILL", pid);
    Faults.awaitLong("the pool to know that pid " + pid + " is gone")
        .until(() -> killed.statistics().crashedWorkers() > before);
    actors.clear();
    first = actor();
  }

  /** Ends all actors; returns where those are that still do something. */
  List<String> endActors() throws Exception {
    List<Long> ending = new ArrayList<>(actors);
    actors.clear();
    first = actor();
    return dispatch(() -> ActorThread.endAll(ending));
  }

  @Override
  public void close() {
    if (pool != null) {
      pool.shutdownNow();
      pool.close();
    }
  }

  @Override
  public String toString() {
    return pool == null ? "the master" : pool.options().name();
  }
}
