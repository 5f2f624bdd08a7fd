// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import io.procpool.Awaitable;
import io.procpool.ipc.sync.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** One wait for several things; see {@link io.procpool.Processes#awaitReady}. For one thread, but for what the watcher asks. */
public final class Readiness {
  /*
   * Looking. Only `isReady` decides; whatever wakes the thread makes it ask all of them again.
   * Sockets  wake it by a selector, which is opened only if nothing is ready at first. It is left every LOOK_NANOS, because a channel that
   *          is closed by another thread wakes no selector.
   * Memory   wakes it by the bell: read the bell, ask everything to ring, look a last time, sleep until the bell has changed. After
   *          20 ms the watcher asks `isReady` in its place, for what nobody can ring for, such as a death.
   * Both     cannot be slept on at once: the selector is left every MIXED_LOOK_NANOS, for a look at memory. That costs below one
   *          per cent of a CPU.
   */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long MIXED_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final List<ReadySource> sources;
  private final long start = System.nanoTime();
  private final long nanos;

  private Readiness(List<ReadySource> sources, long nanos) {
    this.sources = sources;
    this.nanos = nanos;
  }

  /**
   * Waits; see {@link io.procpool.Processes#awaitReady}.
   *
   * @throws IllegalArgumentException if one of them is none of procpool's own
   */
  public static <T extends Awaitable> List<T> awaitReady(
      Collection<? extends T> things, Duration timeout) throws InterruptedException {
    long nanos = Math.max(0, TimeUnit.NANOSECONDS.convert(timeout));
    List<T> all = new ArrayList<>(things);
    List<ReadySource> sources = new ArrayList<>(all.size());
    for (T each : all) {
      if (!(Objects.requireNonNull(each, "one of the things is null")
          instanceof ReadySource source)) {
        throw new IllegalArgumentException("things: has a " + each.getClass().getName()
            + " (expected: connections, listeners, queues and child processes of procpool)");
      }
      sources.add(source);
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    List<T> ready = readyOf(all);
    Readiness wait = new Readiness(sources, nanos);
    while (ready.isEmpty() && wait.sleep()) {
      ready = readyOf(all);
    }
    return ready;
  }

  private static <T extends Awaitable> List<T> readyOf(List<T> all) {
    List<T> ready = new ArrayList<>();
    for (T each : all) {
      if (((ReadySource) each).isReady()) {
        ready.add(each);
      }
    }
    return ready;
  }

  private boolean anyReady() {
    for (ReadySource each : sources) {
      if (each.isReady()) {
        return true;
      }
    }
    return false;
  }

  private long left() {
    return nanos == Waiting.FOREVER ? Waiting.FOREVER : nanos - (System.nanoTime() - start);
  }

  /** Sleeps until something may be ready; false if the time is up. */
  private boolean sleep() throws InterruptedException {
    if (left() <= 0) {
      return false;
    }
    if (sources.isEmpty()) {
      TimeUnit.NANOSECONDS.sleep(left());
      return false;
    }
    List<SelectableChannel> channels = new ArrayList<>();
    for (ReadySource each : sources) {
      each.channel().ifPresent(channels::add);
    }
    return channels.isEmpty()
        ? new BellWait().await(left())
        : select(channels, channels.size() < sources.size() ? MIXED_LOOK_NANOS : LOOK_NANOS);
  }

  private boolean select(List<SelectableChannel> channels, long slice) throws InterruptedException {
    try (Selector selector = Selector.open()) {
      for (SelectableChannel each : channels) {
        each.register(
            selector,
            each instanceof ServerSocketChannel ? SelectionKey.OP_ACCEPT : SelectionKey.OP_READ);
      }
      while (left() > 0) {
        long most = Math.min(slice, left());
        selector.select(TimeUnit.NANOSECONDS.toMillis(most - 1) + 1);
        selector.selectedKeys().clear();
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (anyReady()) {
          return true;
        }
      }
      return false;
    } catch (ClosedChannelException closed) {
      return true; // whose it is says so when it is asked
    } catch (IOException e) {
      throw new UncheckedIOException("cannot wait for sockets: " + e.getMessage(), e);
    }
  }

  /** A sleep until the bell rings and something is ready. */
  private final class BellWait extends Waiting {
    BellWait() {
      super(Bell.word(), 0);
    }

    @Override
    protected boolean attempt(boolean announce) {
      expect(Bell.count());
      if (announce) {
        sources.forEach(ReadySource::ringWhenReady);
      }
      return anyReady();
    }

    @Override
    protected boolean isDue() {
      try {
        return super.isDue() || anyReady();
      } catch (IllegalStateException closed) {
        return true;
      }
    }

    @Override
    protected String what() {
      return "one of " + sources.size() + " things to be ready";
    }
  }
}
