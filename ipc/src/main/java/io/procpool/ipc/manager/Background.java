// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The thread that sends and reads when no other one waits: for asynchronous calls, and what the server says by itself. It is started when there
 * is such a thing for the first time. Safe for use by multiple threads.
 */
final class Background {
  /*
   * While it is awake it sends whatever has come into the outbox since it last did, so that many calls share a message without anybody waiting for that. When it
   * sleeps (`asleep`), whoever puts something in sends it, and the reply wakes this thread: `asleep` is set before the outbox is looked at for the last time, and
   * asked after a message was put in.
   */
  private static final long LOOK_NANOS = 40_000;
  private static final long STUCK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final ManagerClient client;
  private final Outbox outbox;
  private final Completions completions;
  private final AtomicInteger wanted = new AtomicInteger(); // replies, and who listens
  private volatile boolean asleep;
  private volatile @Nullable Thread thread;

  Background(ManagerClient client, Outbox outbox) {
    this.client = client;
    this.outbox = outbox;
    this.completions = new Completions("manager-callbacks");
  }

  /** Says that one more thing will come from the server that nobody waits for. */
  void want() {
    if (wanted.getAndIncrement() == 0) {
      wake();
    }
  }

  /** Says that one such thing has come, or will not. */
  void unwant() {
    wanted.decrementAndGet();
  }

  private void wake() {
    if (thread == null) {
      start();
    }
    LockSupport.unpark(thread);
  }

  private synchronized void start() {
    if (thread == null) {
      Thread started = new Thread(this::run, "manager-replies");
      started.setDaemon(true);
      thread = started;
      started.start();
    }
  }

  /** Sends a message, now or soon. */
  void send(byte[] message) throws IOException {
    boolean sent = outbox.add(message);
    if (!sent && (asleep || thread == null)) {
      try {
        outbox.flush();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        wake();
      }
    }
  }

  /** Has a message sent soon. Does not block. */
  void post(byte[] message) {
    outbox.post(message);
    wake();
  }

  /** Completes something that {@link #want} has announced. */
  void complete(Runnable completion) {
    tell(completion);
    unwant();
  }

  /** Runs what the server has said by itself. */
  void tell(Runnable told) {
    completions.add(told);
    if (asleep && !completions.isEmpty()) {
      LockSupport.unpark(thread); // to look after it: who reads meanwhile does not
    }
  }

  /** Returns the thread if it should read and does not; null if it need not. */
  @Nullable
  Thread sleeper() {
    return asleep && wanted.get() > 0 ? thread : null;
  }

  private void run() {
    long worked = System.nanoTime();
    while (client.isAlive()) {
      try {
        asleep = false;
        boolean filled = outbox.isFilled();
        boolean stuck = filled && !outbox.tryFlush();
        if (client.readWhatIsThere() || filled && !stuck) {
          worked = System.nanoTime();
        } else if (stuck) {
          rest(STUCK_NANOS);
        } else if (System.nanoTime() - worked < LOOK_NANOS) {
          Thread.yield();
        } else {
          sleep();
          worked = System.nanoTime();
        }
        completions.look();
      } catch (InterruptedException nobodyDoesThat) {
        // The thread is not known outside.
      } catch (IOException e) {
        client.fail(e);
      } catch (IllegalStateException closed) {
        client.fail(new IOException(closed.getMessage(), closed));
      }
    }
    while (!completions.isEmpty()) { // one of them may wait for one behind it
      completions.look();
      LockSupport.parkNanos(this, Completions.STUCK_NANOS);
    }
  }

  private void sleep() throws IOException, InterruptedException {
    asleep = true;
    if (outbox.isFilled()) {
      return;
    }
    long nanos = completions.isEmpty() ? LONG_NANOS : Completions.STUCK_NANOS;
    rest(nanos);
  }

  private void rest(long nanos) throws IOException, InterruptedException {
    if (wanted.get() == 0 || !client.readOneWithin(nanos)) {
      LockSupport.parkNanos(this, nanos);
    }
  }
}
