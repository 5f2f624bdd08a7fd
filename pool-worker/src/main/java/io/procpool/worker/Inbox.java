// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.Pong;
import io.procpool.ipc.wire.ToWorker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Receives what the master sends: gives units to the task thread, carries out the rest at once. */
final class Inbox {
  /*
   * Threads.  The task thread reads the channel itself while it has nothing to do, which saves a change of threads in each
   *           round trip. While it runs a unit nobody reads, until the watcher, which looks every TICK, finds it still at
   *           the same unit: then the watcher reads, so that interrupts, pings and the master's end are noticed. `reading`
   *           says who may read. A watcher that reads does not look at the clock, so the runner does until it is back.
   * Handing back. When the watcher has received units it stops reading as soon as the task thread asks for one.
   * Rest.     After a while without units the watcher sleeps until the task thread, at the next unit, wakes it.
   * Failure.  The end of the channel, or anything unexpected from the master, ends the process at once.
   */
  private static final long TICK_NANOS = 2_000_000;
  private static final int TICKS_BEFORE_REST = 50;

  private final FrameReader reader; // guarded by reading
  private final FrameWriter writer;
  private final UnitRunner runner;
  private final String sessionPath;
  private final ReentrantLock reading = new ReentrantLock();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrival = lock.newCondition();
  private final ArrayDeque<Unit> units = new ArrayDeque<>(); // guarded by lock
  private boolean stopped; // guarded by lock
  private volatile boolean waiting; // the task thread wants a unit
  private volatile int taken; // changes with each unit
  private volatile boolean resting;
  private volatile @Nullable Thread watcher;

  Inbox(FrameReader reader, FrameWriter writer, UnitRunner runner, String sessionPath) {
    this.reader = reader;
    this.writer = writer;
    this.runner = runner;
    this.sessionPath = sessionPath;
  }

  void startWatching() {
    Thread thread = new Thread(null, this::watch, "procpool-watcher", 256 * 1024) {
      @Override
      public void interrupt() {
        // Code of a task that interrupts every thread it finds must not close the channel.
      }
    };
    thread.setDaemon(true);
    thread.setPriority(Thread.MAX_PRIORITY);
    watcher = thread;
    thread.start();
  }

  /** Returns the next unit, or null when the master says stop. Called by the task thread. */
  @Nullable
  Unit take() {
    waiting = true;
    try {
      while (true) {
        lock.lock();
        try {
          Unit unit = units.poll();
          if (unit != null) {
            taken++;
            return unit;
          }
          if (stopped) {
            return null;
          }
        } finally {
          lock.unlock();
        }
        if (reading.tryLock()) {
          try {
            // The watcher may have received a unit since the look above, and nobody but us can now.
            if (nothingReceived()) {
              receive();
            }
          } finally {
            reading.unlock();
          }
        } else {
          awaitArrival();
        }
      }
    } finally {
      waiting = false;
      if (resting) {
        LockSupport.unpark(watcher);
      }
    }
  }

  private boolean nothingReceived() {
    lock.lock();
    try {
      return units.isEmpty() && !stopped;
    } finally {
      lock.unlock();
    }
  }

  private void awaitArrival() {
    lock.lock();
    try {
      if (units.isEmpty() && !stopped && reading.isLocked()) {
        // In short steps: the reader may step back without having received anything.
        arrival.awaitNanos(TICK_NANOS);
      }
    } catch (InterruptedException stray) {
      // An interrupt that is not ours; a task's interrupt is cleared by the runner.
    } finally {
      lock.unlock();
    }
  }

  private void watch() {
    int quiet = 0;
    int seen = taken;
    while (true) {
      if (quiet < TICKS_BEFORE_REST) {
        LockSupport.parkNanos(TICK_NANOS);
      } else {
        resting = true;
        if (waiting) {
          LockSupport.park();
        }
        resting = false;
        quiet = 0;
      }
      if (waiting) {
        quiet++;
      } else if (seen != taken) {
        quiet = 0;
        seen = taken;
      } else {
        quiet = 0;
        runner.clockItems(true);
        readWhileBusy();
        runner.clockItems(false);
        seen = taken;
      }
    }
  }

  private void readWhileBusy() {
    reading.lock();
    try {
      int unit = taken;
      while (!waiting && unit == taken) {
        receive();
      }
    } finally {
      reading.unlock();
      lock.lock();
      try {
        arrival.signal();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Reads one frame, and what else has come with it. Under `reading`. */
  private void receive() {
    try {
      do {
        accept(reader.read());
      } while (reader.hasBuffered());
    } catch (Throwable unusable) {
      WorkerExit.disconnected(sessionPath);
    }
  }

  private void accept(FrameReader.Frame frame) throws IOException {
    ToWorker message = ToWorker.parseFrom(frame.header());
    switch (message.getBodyCase()) {
      case RUN:
        lock.lock();
        try {
          units.add(new Unit(message.getRun(), frame.payload()));
          arrival.signal();
        } finally {
          lock.unlock();
        }
        break;
      case INTERRUPT:
        runner.interrupt(message.getInterrupt().getSeq());
        break;
      case FORGET:
        runner.forget(message.getForget().getFunctionIdsList());
        break;
      case PING:
        writer.write(
            FromWorker.newBuilder()
                .setPong(Pong.newBuilder().setNumber(message.getPing().getNumber()))
                .build(),
            ByteBuffer.allocate(0));
        break;
      case STOP:
        lock.lock();
        try {
          stopped = true;
          arrival.signal();
        } finally {
          lock.unlock();
        }
        break;
      default:
        throw new IOException("unexpected message " + message.getBodyCase());
    }
  }
}
