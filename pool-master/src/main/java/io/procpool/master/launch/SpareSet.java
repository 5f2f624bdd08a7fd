// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.SpareOptions;
import io.procpool.SpareStatistics;
import io.procpool.WarmSpares;
import io.procpool.ipc.Order;
import io.procpool.ipc.memory.Session;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Spares of one shape. Safe for use by multiple threads. */
public final class SpareSet implements WarmSpares {
  /*
   * Life.     Each spare has a thread that starts it, hears from its standard error that it is ready, and waits for its end, or for being
   *           interrupted because it was adopted. STARTING -> READY -> TAKEN or GONE. Whoever changes the state, under the lock of the set, does what
   *           follows from it; the thread finds out afterwards.
   * Adoption. The orders are written to the spare at once. One that has died in the meantime refuses them: then the next is tried. One that
   *           dies later dies as a child or worker, and is treated as such.
   * Number.   `missing()` are started, no more at a time than there are CPUs, and a moment after an adoption, so as not to take the CPU from who adopts. One that
   *           has expired is not replaced before somebody asks for a spare.
   * Failure.  After each death the next start is put off longer; an adoption, or a long life, begins anew.
   */
  private static final Logger LOG = LoggerFactory.getLogger(SpareSet.class);
  private static final long START_SECONDS = 30;
  private static final long AFTER_ADOPTION_MILLIS = 30;
  private static final long FIRST_BACK_OFF_MILLIS = 100;
  private static final long MAX_BACK_OFF_MILLIS = 30_000;
  private static final long LONG_LIFE_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final int MAX_HEARD_BYTES = 1 << 20;
  private static final long KILL_WAIT_SECONDS = 5;

  private enum State {
    STARTING,
    READY,
    TAKEN,
    GONE
  }

  /** What is known of one spare. Guarded by the set, but for the final fields. */
  private static final class Spare {
    final byte[] marker = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
    State state = State.STARTING;
    long stamp;
    long readyNanos;
    byte[] heard = {};

    @Nullable
    Process process;

    @Nullable
    Thread thread;
  }

  private final SpareOptions options;
  private final JvmShape shape;
  private final Supplier<ClassArchive> archive;
  private final ArrayDeque<Spare> ready = new ArrayDeque<>(); // guarded by this
  private final Set<Spare> known =
      new HashSet<>(); // STARTING, READY, or with a thread that ends; guarded by this
  private int starting; // guarded by this
  private int expiredNow; // not to be replaced yet; guarded by this
  private int failures; // in a row; guarded by this
  private @Nullable Future<?> later; // until it has run nothing is started; guarded by this
  private boolean closed; // guarded by this
  private long spawned; // guarded by this
  private long adopted; // guarded by this
  private long expired; // guarded by this
  private long outdated; // guarded by this
  private long died; // guarded by this

  private SpareSet(SpareOptions options, JvmShape shape, Supplier<ClassArchive> archive) {
    this.options = options;
    this.shape = shape;
    this.archive = archive;
  }

  /** Begins to keep spares. */
  public static SpareSet keep(SpareOptions options) {
    Nesting.check("spares");
    LaunchChecks.check(
        options.maxHeapBytes(),
        options.workingDirectory(),
        options.javaExecutable(),
        options.classPath());
    SpareSet set;
    try {
      JvmShape shape = JvmShape.of(options);
      set = new SpareSet(options, shape, () -> ClassArchive.shared(shape));
    } catch (IOException e) {
      throw new UncheckedIOException("no spares can be kept: " + e.getMessage(), e);
    }
    Spares.add(set);
    set.fill();
    return set;
  }

  // Number.

  private synchronized void fill() {
    int atOnce = Runtime.getRuntime().availableProcessors();
    while (!closed && later == null && starting < atOnce && missing() > 0) {
      Spare spare = new Spare();
      starting++;
      spawned++;
      known.add(spare);
      try {
        LaunchThreads.execute(() -> live(spare));
      } catch (OutOfMemoryError noThread) {
        gone(spare, "there can be no further thread");
      }
    }
  }

  private int missing() {
    return options.count() - expiredNow - starting - ready.size();
  }

  private void fillLater(long millis) {
    if (later == null && !closed) {
      later = LaunchThreads.later()
          .schedule(
              () -> {
                synchronized (this) {
                  later = null;
                  fill();
                }
              },
              millis,
              TimeUnit.MILLISECONDS);
    }
  }

  /** Notes a death. Under the lock. */
  private void gone(Spare spare, String reason) {
    starting -= spare.state == State.STARTING ? 1 : 0;
    ready.remove(spare);
    if (spare.state == State.READY && System.nanoTime() - spare.readyNanos > LONG_LIFE_NANOS) {
      failures = 0;
    }
    spare.state = State.GONE;
    died++;
    if (!closed) {
      LOG.warn("a spare has ended: {}", reason);
      fillLater(Math.min(MAX_BACK_OFF_MILLIS, FIRST_BACK_OFF_MILLIS << Math.min(10, failures++)));
    }
    forget(spare);
  }

  private synchronized void forget(Spare spare) {
    known.remove(spare);
    notifyAll();
  }

  // Life.

  private void live(Spare spare) {
    try {
      Process process = start(spare);
      if (process != null && hear(spare, process)) {
        awaitEnd(spare, process);
      }
    } finally {
      synchronized (this) {
        spare.thread = null;
        forget(spare);
        Thread.interrupted();
        fill();
      }
    }
  }

  private @Nullable Process start(Spare spare) {
    Process process;
    long stamp = shape.classPath().stamp();
    try {
      process = JvmLauncher.spawn(shape, archive.get());
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      synchronized (this) {
        gone(spare, "its process could not be started: " + e.getMessage());
      }
      return null;
    }
    synchronized (this) {
      spare.process = process;
      spare.stamp = stamp;
      if (closed) {
        process.destroyForcibly();
      }
    }
    return process;
  }

  /** Waits until the spare is ready; false if it never will be. */
  private boolean hear(Spare spare, Process process) {
    Future<?> alarm = LaunchThreads.later()
        .schedule(
            () -> {
              process.destroyForcibly();
            },
            START_SECONDS,
            TimeUnit.SECONDS);
    byte[] heard = null;
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      JvmLauncher.tell(process, Order.encode(Order.PREPARE, prepareBody(spare)));
      heard = hearUntil(spare.marker, process.getErrorStream(), all);
    } catch (IOException | RuntimeException ended) {
      // As its end.
    } finally {
      alarm.cancel(false);
    }
    if (heard == null) {
      process.destroyForcibly();
      int exit = JvmLauncher.awaitExit(process);
      synchronized (this) {
        gone(
            spare,
            "exit value " + exit + " before it was ready; its words: "
                + all.toString().strip());
      }
      return false;
    }
    synchronized (this) {
      starting--;
      spare.heard = heard;
      spare.state = State.READY;
      spare.readyNanos = System.nanoTime();
      spare.thread = Thread.currentThread();
      ready.add(spare);
      fill();
      notifyAll();
    }
    return true;
  }

  private static byte[] prepareBody(Spare spare) {
    byte[] session = Session.current().path().getBytes(StandardCharsets.UTF_8);
    byte[] body = Arrays.copyOf(spare.marker, Order.MARKER_BYTES + session.length);
    System.arraycopy(session, 0, body, Order.MARKER_BYTES, session.length);
    return body;
  }

  /** Returns what came before and behind the marker; null if the stream ends without. */
  private static byte @Nullable [] hearUntil(
      byte[] marker, InputStream from, ByteArrayOutputStream all) throws IOException {
    byte[] buffer = new byte[4096];
    for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
      all.write(buffer, 0, n);
      String text = all.toString(StandardCharsets.ISO_8859_1);
      int at = text.indexOf(new String(marker, StandardCharsets.ISO_8859_1));
      if (at >= 0) {
        return (text.substring(0, at) + text.substring(at + marker.length))
            .getBytes(StandardCharsets.ISO_8859_1);
      }
      if (all.size() > MAX_HEARD_BYTES) {
        return null;
      }
    }
    return null;
  }

  private void awaitEnd(Spare spare, Process process) {
    boolean ended = false;
    try {
      if (options.maxIdleTime().isZero()) {
        process.waitFor();
        ended = true;
      } else {
        ended = process.waitFor(options.maxIdleTime().toNanos(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException adoptedOrClosed) {
      // The state says which.
    }
    synchronized (this) {
      if (spare.state == State.TAKEN) {
        return;
      }
      if (closed) {
        ready.remove(spare);
        spare.state = State.GONE;
      } else if (ended) {
        gone(spare, "exit value " + process.exitValue() + " while it waited");
        return;
      } else {
        ready.remove(spare);
        spare.state = State.GONE;
        expired++;
        expiredNow++;
      }
    }
    Thread.interrupted();
    end(process);
  }

  private static void end(Process process) {
    process.destroyForcibly();
    closeStreams(process);
    JvmLauncher.awaitExit(process);
  }

  private static void closeStreams(Process process) {
    try {
      process.getOutputStream().close();
      process.getErrorStream().close();
      process.getInputStream().close();
    } catch (IOException closedAlready) {
      // As wanted.
    }
  }

  // Adoption.

  /** Returns a spare that has been told something; null if there is none of that shape. */
  public JvmLauncher.@Nullable Started adopt(JvmShape wanted, byte[] orders) {
    if (!shape.equals(wanted)) {
      return null;
    }
    long stamp = shape.classPath().stamp();
    while (true) {
      Spare spare;
      Process process;
      synchronized (this) {
        expiredNow = 0;
        spare = ready.poll();
        if (spare == null) {
          fill();
          return null;
        }
        process = Objects.requireNonNull(spare.process);
        spare.state = State.TAKEN;
        if (spare.thread != null) {
          spare.thread.interrupt();
        }
        if (spare.stamp != stamp) {
          outdated++;
          process.destroyForcibly();
          closeStreams(process);
          fillLater(AFTER_ADOPTION_MILLIS);
          continue;
        }
      }
      try {
        JvmLauncher.tell(process, orders);
      } catch (IOException ended) {
        synchronized (this) {
          gone(spare, "it ended while it waited");
        }
        continue;
      }
      synchronized (this) {
        adopted++;
        failures = 0;
        fillLater(AFTER_ADOPTION_MILLIS);
      }
      InputStream stderr = process.getErrorStream();
      return new JvmLauncher.Started(
          process,
          spare.heard.length == 0
              ? stderr
              : new SequenceInputStream(new ByteArrayInputStream(spare.heard), stderr),
          true);
    }
  }

  // What users see.

  @Override
  public SpareOptions options() {
    return options;
  }

  @Override
  public boolean awaitReady(Duration timeout) throws InterruptedException {
    long left = timeout.compareTo(Duration.ofDays(36500)) > 0 ? Long.MAX_VALUE : timeout.toNanos();
    long start = System.nanoTime();
    synchronized (this) {
      expiredNow = 0;
      fill();
      while (!closed && ready.size() < options.count()) {
        long wait = left - (System.nanoTime() - start);
        if (wait <= 0) {
          return false;
        }
        TimeUnit.NANOSECONDS.timedWait(this, wait);
      }
      return !closed;
    }
  }

  @Override
  public synchronized SpareStatistics statistics() {
    return new SpareStatistics(starting, ready.size(), spawned, adopted, expired, outdated, died);
  }

  /** Lets no other spare be started, and kills those there are; does not wait. */
  public void kill() {
    List<Spare> all;
    synchronized (this) {
      closed = true;
      if (later != null) {
        later.cancel(false);
      }
      all = new ArrayList<>(known);
      ready.clear();
      for (Spare spare : all) {
        if (spare.process != null && spare.state != State.TAKEN) {
          spare.process.destroyForcibly();
        }
      }
      notifyAll();
    }
  }

  @Override
  public void close() {
    kill();
    Spares.remove(this);
    boolean interrupted = false;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(KILL_WAIT_SECONDS);
    synchronized (this) {
      while (!known.isEmpty() && System.nanoTime() - end < 0) {
        try {
          TimeUnit.NANOSECONDS.timedWait(this, end - System.nanoTime());
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
