// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.master.process.Faults;
import java.util.ArrayList;
import java.util.List;

/** The parties of the tests of a class: the master, and two others beside it. For one thread. */
public final class Parties implements AutoCloseable {
  private final String backend;
  private final Party master = Party.master();
  private final Party a;
  private final Party b;

  private Parties(String backend, boolean mortal, String... jvmArgs) {
    this.backend = backend;
    a = Party.open(backend, backend + "-a", mortal, List.of(jvmArgs));
    b = Party.open(backend, backend + "-b", false, List.of(jvmArgs));
  }

  public static Parties ofThreads() {
    return new Parties(PoolOptions.THREADS, false);
  }

  public static Parties ofProcesses(String... jvmArgs) {
    return new Parties(PoolOptions.PROCESSES, false, jvmArgs);
  }

  /** Returns parties of which {@code a} may be killed, at any named step. */
  public static Parties ofMortals() {
    return new Parties(PoolOptions.PROCESSES, true, "-Dprocpool.faultPoints=true");
  }

  public boolean isProcesses() {
    return backend.equals(PoolOptions.PROCESSES);
  }

  public Party master() {
    return master;
  }

  public Party a() {
    return a;
  }

  public Party b() {
    return b;
  }

  /** Returns a pool of two workers, for tests that need no parties. */
  public Pool openPool() {
    return Pool.open(PoolOptions.builder()
        .backend(backend)
        .name(Faults.PREFIX + backend + "-pool")
        .workers(2)
        .build());
  }

  public List<Party> all() {
    return List.of(master, a, b);
  }

  /** After a test: nobody does anything any more. */
  public void checkIdle() throws Exception {
    List<String> busy = new ArrayList<>();
    for (Party party : all()) {
      for (String where : party.endActors()) {
        busy.add(party + where);
      }
    }
    assertThat(busy).as("what still goes on").isEmpty();
  }

  @Override
  public void close() {
    a.close();
    b.close();
    Faults.assertNothingLeft();
  }
}
