// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps spares: workers that are ready, and get nothing to do before one of the others is missing. Event loop only. */
final class Reserve {
  /*
   * A spare has all behind it that takes time: its JVM runs, it is connected, its initializer has returned. So the hand-over is that the dispatcher gets to know it.
   * Number.   They are started when no worker is starting, and a moment after one was taken, so as not to take the CPU from those that work.
   * Failure.  Each end of a spare puts the next start off longer, until one is taken; the pool is not concerned.
   * Age.      One whose class path has changed since it was started is not taken. A refresh of the pool renews them all.
   */
  /** What the fleet does for it. */
  interface Crew {
    /** Spawns a process that becomes a spare. */
    Worker spawnSpare() throws IOException;

    /** Ends a spare as planned. */
    void stop(Worker spare);

    /** Returns how many processes there are whose places spares have taken. */
    int succeeded();
  }

  private static final Logger LOG = LoggerFactory.getLogger(Reserve.class);
  private static final long PAUSE_MILLIS = 30;
  private static final long FIRST_BACK_OFF_MILLIS = 100;
  private static final long MAX_BACK_OFF_MILLIS = 30_000;

  private final PoolOptions options;
  private final EventLoop loop;
  private final Crew crew;
  private final LongSupplier classPathStamp;
  private final Map<Integer, Worker> spares = new LinkedHashMap<>();
  private int failures; // since one was taken
  private boolean open;
  private @Nullable Future<?> later; // until it has run nothing is spawned

  Reserve(PoolOptions options, EventLoop loop, Crew crew, LongSupplier classPathStamp) {
    this.options = options;
    this.loop = loop;
    this.crew = crew;
    this.classPathStamp = classPathStamp;
  }

  /** The workers have been started: now is the time to start spares. */
  void open() {
    if (!open) {
      open = true;
      fill();
    }
  }

  private void fill() {
    while (open && later == null && missing() > 0) {
      try {
        Worker spare = crew.spawnSpare();
        spares.put(spare.number, spare);
      } catch (IOException e) {
        failed("it has no segment: " + e.getMessage());
      }
    }
  }

  /** Those that end are not missing yet, for each process counts in the budget of memory. */
  private int missing() {
    return options.spares() - spares.size() - crew.succeeded();
  }

  /** The process of a worker is gone whose place a spare has taken. */
  void fillSoon() {
    fillAfter(PAUSE_MILLIS);
  }

  private void fillAfter(long millis) {
    if (later == null && open) {
      later = loop.schedule(
          () -> {
            later = null;
            fill();
          },
          millis,
          TimeUnit.MILLISECONDS);
    }
  }

  /** Returns the spare of that number; null if it is none. */
  @Nullable
  Worker find(int number) {
    return spares.get(number);
  }

  /** The initializer of a spare has returned. */
  void ready(Worker spare) {
    spare.cancelLifeTimer();
    spare.enter(Worker.State.READY);
  }

  /** Takes out the spare that has been ready for longest; null if there is none. */
  @Nullable
  Worker take() {
    if (spares.isEmpty()) {
      return null;
    }
    long stamp = classPathStamp.getAsLong();
    for (Worker spare : new ArrayList<>(spares.values())) {
      if (spare.isIdle()) {
        if (spare.classPathStamp == stamp) {
          spares.remove(spare.number);
          failures = 0;
          fillAfter(PAUSE_MILLIS);
          return spare;
        }
        crew.stop(spare);
      }
    }
    return null;
  }

  /** The process of a worker is gone; tells whether that was a spare. */
  boolean gone(Worker worker, String reason) {
    if (spares.remove(worker.number) == null) {
      return false;
    }
    if (worker.stopSent) {
      fillAfter(PAUSE_MILLIS);
    } else {
      failed(worker.name + ": " + reason);
    }
    return true;
  }

  private void failed(String reason) {
    LOG.warn("{}: a spare has ended: {}", options.name(), reason);
    fillAfter(Math.min(MAX_BACK_OFF_MILLIS, FIRST_BACK_OFF_MILLIS << Math.min(10, failures++)));
  }

  /** Ends all, and starts others in their place. */
  void renew() {
    stopAll(crew::stop);
  }

  /** Ends all, and starts no other. */
  void close(Consumer<Worker> end) {
    open = false;
    if (later != null) {
      later.cancel(false);
    }
    stopAll(end);
  }

  private void stopAll(Consumer<Worker> end) {
    for (Worker spare : new ArrayList<>(spares.values())) {
      if (!spare.stopSent && spare.kill == null) {
        end.accept(spare);
      }
    }
  }

  /** Tells whether no process of a spare is left. */
  boolean isEmpty() {
    return spares.isEmpty();
  }

  /** Returns how many spares could be taken. */
  int ready() {
    int ready = 0;
    for (Worker spare : spares.values()) {
      ready += spare.isIdle() ? 1 : 0;
    }
    return ready;
  }
}
