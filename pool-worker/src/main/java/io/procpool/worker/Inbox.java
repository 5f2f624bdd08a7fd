// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.ToWorker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Receives what the master sends: gives units to the task thread, carries out the rest at once. */
final class Inbox {
  /*
   * Threads.  The task thread reads the channel itself while it has nothing to do, which saves a change of threads in each
   *           round trip. While it runs a unit nobody reads, until the watcher, which looks every TICK, finds it still at
   *           the same unit: from then on the watcher polls, so that interrupts, pings and the master's end are noticed,
   *           and lets the runner look at the clock. It never waits in a read: a thread in native code would hold up the
   *           exit of the JVM by 300 ms. `reading` says who may read.
   * Spinning. The next unit often comes at once, and waking a sleeping thread takes longer than a short task: the task
   *           thread looks for a frame for a moment before it sleeps.
   * Handing back. The task thread may sleep until the watcher has looked, however long, because none of its three reasons
   *           to wake can be missed. A unit and the stop are put down, and signalled, under `lock`, under which the task
   *           thread has looked for them before it waits. And if it has seen, under `lock`, that the watcher holds
   *           `reading`, then the watcher has yet to unlock that, and only after that it locks `lock` and signals: it
   *           cannot before the task thread waits.
   * Bound.    The master takes units back and sends others, as often as it likes while a long task runs. Each unit that is
   *           received drops those before it that were taken back, so no more than the master counts as sent are kept.
   * Classes.  Whoever needs a class of the master wakes the watcher, which asks for it and looks often until there is an answer, unless the task thread reads.
   * Rest.     After a while without units the watcher sleeps until the task thread, at the next unit, wakes it.
   * Failure.  The end of the channel, or anything unexpected from the master, ends the process at once; so does a message
   *           for which there is no memory. The unit that it brings has not begun then.
   */
  private static final long SPIN_NANOS = 40_000;
  private static final long TICK_NANOS = 2_000_000;
  private static final int TICKS_BEFORE_REST = 50;
  private static final long ANSWER_TICK_NANOS = 50_000; // while a class is awaited
  private static final long LATER_TICK_NANOS = 10_000_000; // once a unit has run for many ticks
  // As good as none: to wait without a limit makes the JDK load its ForkJoinPool, in each worker.
  private static final long WAIT_NANOS = 3_600_000_000_000L;

  private final FrameReader reader; // guarded by reading
  private final FrameWriter writer;
  private final UnitRunner runner;
  private final ClassRequests classes;
  private final String sessionPath;
  private final ReentrantLock reading = new ReentrantLock();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrival = lock.newCondition();
  private final ArrayDeque<Unit> units = new ArrayDeque<>(); // guarded by lock
  private @Nullable Recordings recordings; // guarded by reading
  private boolean stopped; // guarded by lock
  private byte[] finalizer = {}; // guarded by lock
  private long finalizerLoader; // guarded by lock
  private volatile boolean waiting; // the task thread wants a unit
  private volatile int taken; // changes with each unit
  private volatile boolean resting;
  private volatile @Nullable Thread watcher;

  Inbox(
      FrameReader reader,
      FrameWriter writer,
      UnitRunner runner,
      ClassRequests classes,
      String sessionPath) {
    this.classes = classes;
    this.reader = reader;
    this.writer = writer;
    this.runner = runner;
    this.sessionPath = sessionPath;
  }

  void startWatching() {
    Thread thread = new Thread(null, null, "procpool-watcher", 256 * 1024) {
      @Override
      public void run() {
        watch();
      }

      @Override
      public void interrupt() {
        // Code of a task that interrupts every thread it finds must not close the channel.
      }
    };
    thread.setDaemon(true);
    thread.setPriority(Thread.MAX_PRIORITY);
    watcher = thread;
    classes.sendIn(thread);
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

  /** Returns the encoded finalizer, or nothing. The master has said stop. */
  byte[] finalizer() {
    lock.lock();
    try {
      return finalizer;
    } finally {
      lock.unlock();
    }
  }

  /** Returns what finds the classes of the finalizer. */
  ClassLoader finalizerLoader() {
    lock.lock();
    try {
      return classes.loaderOf(finalizerLoader);
    } finally {
      lock.unlock();
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
        arrival.awaitNanos(WAIT_NANOS);
      }
    } catch (InterruptedException stray) {
      // An interrupt that is not ours; a task's interrupt is cleared by the runner.
    } finally {
      lock.unlock();
    }
  }

  private void watch() {
    try {
      watchTaskThread();
    } catch (OutOfMemoryError error) {
      runner.outOfMemory("", error); // without a watcher nothing would be noticed any more
    } catch (IOException masterGone) {
      WorkerExit.disconnected(sessionPath);
    }
  }

  private void watchTaskThread() throws IOException {
    int quiet = 0;
    int looks = 0;
    int seen = taken;
    while (true) {
      if (classes.send(writer)) {
        LockSupport.parkNanos(ANSWER_TICK_NANOS);
        if (!waiting) {
          runner.watch();
          look();
        }
        continue;
      }
      if (quiet < TICKS_BEFORE_REST) {
        boolean often = looks < TICKS_BEFORE_REST || runner.isToBeWatchedOften();
        LockSupport.parkNanos(often ? TICK_NANOS : LATER_TICK_NANOS);
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
        looks = 0;
      } else if (seen != taken) {
        seen = taken;
        quiet = 0;
        looks = 0;
        runner.clockItems(false);
      } else {
        quiet = 0;
        looks++;
        runner.clockItems(true);
        runner.watch();
        look();
      }
    }
  }

  private void look() {
    if (!reading.tryLock()) {
      return; // the task thread has ended its unit
    }
    try {
      if (!waiting && reader.poll(0)) {
        receive();
      }
    } catch (IOException masterGone) {
      WorkerExit.disconnected(sessionPath);
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
      reader.poll(SPIN_NANOS);
      do {
        accept(reader.read());
      } while (reader.hasBuffered());
    } catch (OutOfMemoryError tooLarge) {
      runner.outOfMemory("no room for a message from the master\n", tooLarge);
    } catch (Throwable unusable) {
      WorkerExit.disconnected(sessionPath);
    }
  }

  private void accept(FrameReader.Frame frame) throws IOException {
    ToWorker message = ToWorker.read(frame.header());
    if (message instanceof ToWorker.Run run) {
      add(run, frame.payload());
    } else if (message instanceof ToWorker.Interrupt interrupt) {
      runner.interrupt(interrupt.seq());
    } else if (message instanceof ToWorker.ShowStack show) {
      runner.showStack(show.seq(), show.item());
    } else if (message instanceof ToWorker.Forget forget) {
      runner.forget(forget.functionIds());
    } else if (message instanceof ToWorker.Ping ping) {
      writer.write(new FromWorker.Pong(ping.number()), ByteBuffer.allocate(0));
    } else if (message instanceof ToWorker.Given given) {
      classes.given(given, frame.payload());
    } else if (message instanceof ToWorker.ShowThreads) {
      ThreadDump.answer(writer);
    } else if (message instanceof ToWorker.Record record) {
      if (recordings == null) {
        recordings = new Recordings(writer);
      }
      recordings.accept(record);
    } else if (message instanceof ToWorker.Stop stop) {
      lock.lock();
      try {
        stopped = true;
        finalizer = frame.payload();
        finalizerLoader = stop.loader();
        arrival.signal();
      } finally {
        lock.unlock();
      }
    } else {
      throw new IOException("unexpected " + message);
    }
  }

  private void add(ToWorker.Run run, byte[] payload) throws IOException {
    // Here and not when the unit is run, so that a later Forget is later.
    runner.keepFunction(run, payload);
    lock.lock();
    try {
      dropRevoked();
      units.add(new Unit(run, payload));
      arrival.signal();
    } finally {
      lock.unlock();
    }
  }

  private void dropRevoked() {
    if (!units.isEmpty()) {
      for (Iterator<Unit> queued = units.iterator(); queued.hasNext(); ) {
        if (!runner.isOffered(queued.next().run().seq())) {
          queued.remove();
        }
      }
    }
  }
}
