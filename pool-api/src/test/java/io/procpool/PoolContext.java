// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** What a contract test has beside its pool: options for further pools, gates and journals. For one test only. */
public final class PoolContext {
  private static final AtomicInteger NEXT = new AtomicInteger(1);

  private final String backend;
  private final int workers;
  private final Path directory;
  private final String name = "contract-" + NEXT.getAndIncrement();
  private final AtomicInteger number = new AtomicInteger(1);
  private final List<Pool> pools = new CopyOnWriteArrayList<>();
  private final List<Gate> gates = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new CopyOnWriteArrayList<>();

  PoolContext(String backend, int workers) {
    this.backend = backend;
    this.workers = workers;
    try {
      directory = Files.createTempDirectory("procpool-contract");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns options for a pool of this test's backend and size. */
  public PoolOptions.Builder options() {
    return PoolOptions.builder()
        .backend(backend)
        .workers(workers)
        .name(name + "." + number.getAndIncrement());
  }

  /** Opens a pool, to be checked and closed after the test. */
  public Pool open(PoolOptions.Builder options) {
    Pool pool = Pool.open(options.build());
    pools.add(pool);
    return pool;
  }

  /** Returns a new closed gate; it opens after the test at the latest. */
  public Gate gate() {
    Gate gate = new Gate(newDirectory());
    gates.add(gate);
    return gate;
  }

  /** Returns a new empty journal. */
  public Journal journal() {
    return new Journal(newDirectory().resolve("journal"));
  }

  /** Returns a path in a new directory where no file is. */
  public Path newPath() {
    return newDirectory().resolve("file");
  }

  /** Starts a thread of the test, which is interrupted at the end if it is still there. */
  public Thread thread(Runnable body) {
    Thread thread = new Thread(body, "test-" + name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
    return thread;
  }

  /** Returns the number of workers of this test's pools. */
  public int workers() {
    return workers;
  }

  /** Tells whether tasks run in processes of their own, so that what crosses is copied and can be killed. */
  public boolean isProcesses() {
    return backend.equals(PoolOptions.PROCESSES);
  }

  /** Tells whether tasks run in the thread that submits them. */
  public boolean isInline() {
    return backend.equals(PoolOptions.INLINE);
  }

  List<Pool> pools() {
    return pools;
  }

  List<Gate> gates() {
    return gates;
  }

  List<Thread> threads() {
    return threads;
  }

  String poolNamePrefix() {
    return name + ".";
  }

  Path directory() {
    return directory;
  }

  private Path newDirectory() {
    try {
      return Files.createTempDirectory(directory, "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
