// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.MemoryLimitException;
import io.procpool.ipc.WorkerSegment;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Looks at the resident memory of workers whose task has a limit for it. Event loop only. */
final class RssWatch {
  /*
   * Whose. The item is noted before the memory is read, and the kill fails if it has ended. The file of a process is kept open while it is looked at:
   * it never speaks of another process that has got the same number.
   */
  private static final long INTERVAL_MILLIS = 25;
  private static final int STATUS_BYTES = 4096;

  private final EventLoop loop;
  private final TaskClock clock;
  private final Set<Worker> watched = new LinkedHashSet<>();
  private final byte[] buffer = new byte[STATUS_BYTES];
  private boolean scheduled;

  RssWatch(EventLoop loop, TaskClock clock) {
    this.loop = loop;
    this.clock = clock;
  }

  /** Tells whether the memory of processes can be read here. */
  static boolean isPossible() {
    return new File("/proc/self/status").canRead();
  }

  /** Looks at a worker as long as its first unit has a limit. */
  void watch(Worker worker) {
    watched.add(worker);
    if (!scheduled) {
      schedule();
    }
  }

  private void schedule() {
    scheduled = true;
    loop.schedule(this::check, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void check() {
    scheduled = false;
    List<Worker> done = new ArrayList<>();
    for (Worker worker : watched) {
      Unit unit = worker.units.peek();
      if (unit == null || unit.work.limits().rssBytes() == 0 || worker.kill != null) {
        done.add(worker);
      } else {
        look(worker, unit);
      }
    }
    done.forEach(this::gone);
    if (!watched.isEmpty()) {
      schedule();
    }
  }

  private void look(Worker worker, Unit unit) {
    WorkerSegment segment = worker.segment();
    int item = segment.begun(unit.seq) - 1;
    if (item < 0 || !segment.state(unit.seq).isRunning()) {
      return;
    }
    long bytes = read(worker);
    if (bytes > unit.work.limits().rssBytes()) {
      clock.kill(worker, Overrun.ofMemory(unit, item, MemoryLimitException.Kind.RSS, bytes));
    }
  }

  /** Returns the resident memory; -1 if the process is gone. */
  private long read(Worker worker) {
    try {
      RandomAccessFile status = worker.status;
      if (status == null) {
        status = new RandomAccessFile("/proc/" + worker.pid + "/status", "r");
        worker.status = status;
      }
      status.seek(0);
      int length = Math.max(0, status.read(buffer));
      return residentBytes(new String(buffer, 0, length, StandardCharsets.ISO_8859_1));
    } catch (IOException gone) {
      return -1;
    }
  }

  static long residentBytes(String status) {
    int at = status.indexOf("\nVmRSS:");
    int end = status.indexOf(" kB", at);
    return at < 0 || end < 0
        ? -1
        : Long.parseLong(status.substring(at + "\nVmRSS:".length(), end).strip()) << 10;
  }

  /** Looks no longer at a worker. */
  void gone(Worker worker) {
    watched.remove(worker);
    try {
      if (worker.status != null) {
        worker.status.close();
        worker.status = null;
      }
    } catch (IOException nothingWritten) {
      // It was only read.
    }
  }
}
