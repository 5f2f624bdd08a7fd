// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.Task;
import io.procpool.master.process.Faults;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Who takes part in a test: this process, or the worker of a pool of one. What it does travels as tasks of that pool, with the
 * handles that they capture, to its actors. For one thread.
 */
public final class Party implements AutoCloseable {
  private static final List<String> SHORT_LIVED =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private final List<Pool> pools; // the first one is in use
  private final List<Long> actors = new ArrayList<>();
  private Actor first = actor();

  private Party(List<Pool> pools) {
    this.pools = new ArrayList<>(pools);
  }

  /** Returns this process as a party. */
  static Party master() {
    return new Party(List.of());
  }

  /** Starts a party. If it is going to be killed, a second process saves the time that it takes to start one. */
  static Party open(String backend, String name, boolean mortal, List<String> jvmArgs) {
    List<Pool> pools = new ArrayList<>();
    pools.add(open(backend, name, jvmArgs));
    if (mortal) {
      pools.add(open(backend, name + "2", jvmArgs));
    }
    return new Party(pools);
  }

  private static Pool open(String backend, String name, List<String> jvmArgs) {
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
    return Pool.open(options.build());
  }

  /** Has a task run in the party's process, in the thread of the worker. */
  public <T> T dispatch(Task<T> task) throws Exception {
    if (pools.isEmpty()) {
      return task.call();
    }
    AsyncResult<T> result = pools.get(0).submit(task);
    if (!result.await(Faults.LONG.multipliedBy(2))) { // the task itself may wait that long
      throw new AssertionError(result + " of " + this + " has not ended");
    }
    return Faults.valueOf(result);
  }

  /** Returns a new thread of this party. */
  public Actor actor() {
    Actor made = new Actor(this);
    actors.add(made.id);
    return made;
  }

  /** Does something in the party's first thread, always the same, and returns its value; throws what it throws. */
  public <T> T call(Task<T> task) throws Exception {
    return first.call(task);
  }

  /** Does something in the party's first thread; throws what it throws. */
  public void run(Action action) throws Exception {
    first.run(action);
  }

  /** Begins something in a thread of its own. */
  public <T> Begun<T> begin(Task<T> task) throws Exception {
    return actor().begin(task);
  }

  /** Begins something without a value in a thread of its own. */
  public Begun<Boolean> start(Action action) throws Exception {
    return actor().start(action);
  }

  public long pid() throws Exception {
    return dispatch(() -> ProcessHandle.current().pid());
  }

  /** Kills the party's process from outside and waits until that is known; another one takes its place. */
  public void kill(long pid) throws Exception {
    Pool killed = pools.get(0);
    long before = killed.statistics().crashedWorkers();
    Faults.signal("KILL", pid);
    Faults.awaitLong("the pool to know that pid " + pid + " is gone")
        .until(() -> killed.statistics().crashedWorkers() > before);
    Collections.rotate(pools, 1);
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
    pools.forEach(Pool::shutdownNow);
    pools.forEach(Pool::close);
  }

  @Override
  public String toString() {
    return pools.isEmpty() ? "the master" : pools.get(0).options().name();
  }
}
