// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolListener.WorkerEvent;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.wire.ToWorker;
import io.procpool.master.launch.KillLedger;
import io.procpool.master.launch.OutputTail;
import io.procpool.master.launch.ProcessMemory;
import io.procpool.master.pool.WaitingLines;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What the master knows of one worker. Event loop only, but for the final fields. */
final class Worker {
  /** The life of a worker. */
  enum State {
    /** Spawned, not ready. */
    STARTING,
    /** Has nothing to do. */
    READY,
    /** Has a unit. */
    BUSY,
    /** Gets no further units. */
    DRAINING,
    /** Its process is gone. */
    EXITED
  }

  /** Why the master has killed a worker. */
  enum Kill {
    TIMEOUT,
    STALLED,
    MEMORY,
    CANCELLED,
    TERMINATED,
    PROTOCOL,
    START_FAILED,
    NOT_STOPPED;

    /** Tells whether the reason is known without what the worker has written to standard error. */
    boolean isExplained() {
      return this == TIMEOUT
          || this == STALLED
          || this == MEMORY
          || this == CANCELLED
          || this == TERMINATED;
    }
  }

  /** Where it said its task was. */
  record Stack(int seq, int item, String text) {}

  private static final int STDERR_BYTES = 16 * 1024;

  final int number;
  final String name;
  final int round; // of start attempts
  final boolean spare; // when it was spawned
  final long classPathStamp; // when it was spawned
  final byte[] key = Handshake.newKey();
  final ArrayDeque<Unit> units = new ArrayDeque<>();
  final OutputTail stderr = new OutputTail(STDERR_BYTES);
  private final SegmentPool.Lease lease;
  private final Set<Long> functions = new HashSet<>();
  private long lastFunction; // one of them, mostly the next one, too; 0: none

  State state = State.STARTING; // changed by enter() only

  @Nullable
  WorkerLink link;

  @Nullable
  Process process;

  @Nullable
  Worker predecessor;

  @Nullable
  WorkerEvent successor; // took its place before its process was gone

  @Nullable
  Kill kill;

  @Nullable
  String outOfMemoryTrace;

  @Nullable
  String problem; // what the worker did wrong, or why it could not start

  @Nullable
  Throwable problemCause;

  @Nullable
  Future<?> timer; // of the running unit

  @Nullable
  Future<?> lifeTimer; // of the start, or of the stop

  @Nullable
  Future<?> ageTimer;

  @Nullable
  Worker waitsFor; // it begins when that one has ended what it had begun

  final long spawnedNanos = System.nanoTime();
  long stateSinceNanos = spawnedNanos;
  long pid = -1;
  long startTookNanos; // from its spawn until it was ready
  int debugPort = -1;
  int joined; // its place in the order in which workers have joined
  long headSinceNanos; // since when the first of the units is the first
  int assignedTasks;
  int bytesInFlight;
  int openQuestions; // for classes
  boolean wasReady;
  boolean listenersToldStart;
  boolean connectionClosed;
  boolean processExited;
  boolean outputEnded;
  boolean stopSent;
  boolean leaving; // another one is to take, or has taken, its place: it does not count
  boolean surplus; // there are more than there should be
  boolean worn; // it is to be replaced
  boolean beginsNoMore; // it has said so
  boolean recycled; // it goes for a new one
  boolean finalized; // its finalizer has ended, or has been given up
  int looksIdle; // in how many looks in a row it had nothing to do
  int assignedWhenSeen; // in the last of them
  int exitValue;
  long unansweredPing; // 0: none, it is not silent
  long unsentBytes; // when last looked
  long receivedNanos = System.nanoTime(); // when they last changed

  @Nullable
  WaitingLines<Slice> bound; // what only this worker may run; null if there was nothing yet

  @Nullable
  Unit timedUnit; // what was seen running when the time was last looked at

  @Nullable
  CompletableFuture<String> threadDump; // asked for, not answered

  final Map<Long, CompletableFuture<String>> recordings = new HashMap<>(); // orders not answered
  final List<ToWorker.Record> laterRecordings =
      new ArrayList<>(); // orders for when it has connected
  final AtomicBoolean connected = new AtomicBoolean(); // for messages; any thread

  @Nullable
  Overrun overrun; // the last limit that the running unit was over

  @Nullable
  Stack stack; // the last one that it has sent

  Autopsy.@Nullable Finding finding; // once its process is gone

  final long spawnedMillis = System.currentTimeMillis();
  long rssBytes = -1; // when last looked at while it was at its first unit
  long seenNanos; // when it was last looked at for that

  KillLedger.@Nullable Mark well; // the last before which it was seen well, while at its first unit

  KillLedger.@Nullable Mark wellBefore; // the one before

  long stackAskedNanos; // when it was last asked where its task is
  int timedItem;
  long timedSinceNanos;

  Worker(int number, int round, boolean spare, long classPathStamp, SegmentPool.Lease lease) {
    this.number = number;
    this.spare = spare;
    this.classPathStamp = classPathStamp;
    this.name = "worker-" + number;
    this.round = round;
    this.lease = lease;
  }

  WorkerSegment segment() {
    return lease.segment();
  }

  SegmentPool.Lease lease() {
    return lease;
  }

  WorkerLink link() {
    return Objects.requireNonNull(link);
  }

  void enter(State next) {
    if (state != next) {
      state = next;
      stateSinceNanos = System.nanoTime();
    }
  }

  boolean takesUnits() {
    return isUsable() && unansweredPing == 0 && (state == State.READY || state == State.BUSY);
  }

  boolean isIdle() {
    return isUsable() && unansweredPing == 0 && state == State.READY;
  }

  /** Tells whether it may still get a unit that only it may run. */
  boolean takesBoundUnits() {
    return takesUnits()
        || (isUsable()
            && unansweredPing == 0
            && state == State.DRAINING
            && !stopSent
            && !beginsNoMore);
  }

  /** Tells whether what has a key of this worker is to be run here: it can be, or something of that key may be running. */
  boolean isHome() {
    return takesUnits() || (isUsable() && state == State.STARTING) || !units.isEmpty();
  }

  /** Tells whether a unit that only it may run never will be: it is gone, or on its way. */
  boolean isGone() {
    return state == State.EXITED || stopSent;
  }

  /** Tells whether what is sent to it may reach it and be run: not if it is as good as dead, or its turn has not come. */
  private boolean isUsable() {
    return !isDying() && (waitsFor == null || waitsFor.units.isEmpty());
  }

  /** Tells whether it will do nothing further, though its process may be there. */
  boolean isDying() {
    return kill != null || connectionClosed || processExited || outOfMemoryTrace != null;
  }

  /** Reads the resident memory; -1 if it is not known. A process that is dying has none any more: what was seen before stays. */
  long lookAtRss() {
    ProcessMemory.Seen seen = ProcessMemory.look(pid);
    if (seen.rssBytes() >= 0) {
      rssBytes = seen.rssBytes();
    }
    return seen.rssBytes();
  }

  /** Reads the resident memory, and whether it is alive and well, after what the kernel had killed was counted. */
  void look(KillLedger.Mark mark) {
    ProcessMemory.Seen seen = ProcessMemory.look(pid);
    if (seen.rssBytes() >= 0) {
      rssBytes = seen.rssBytes();
      if (!seen.killed()) {
        wellBefore = well == null ? mark : well;
        well = mark;
      }
    }
  }

  void cancelLifeTimer() {
    if (lifeTimer != null) {
      lifeTimer.cancel(false);
      lifeTimer = null;
    }
  }

  /** Returns the number for the next unit: one whose slot no outstanding unit has. */
  int nextSeq() {
    while (true) {
      int seq = lease.nextSeq();
      boolean free = true;
      for (Unit unit : units) {
        free &= !WorkerSegment.shareSlot(unit.seq, seq);
      }
      if (free) {
        return seq;
      }
    }
  }

  /** Notes that the worker is about to get a function; false if it has it. */
  boolean needs(EncodedFunction function) {
    if (function.id() == lastFunction) {
      return false;
    }
    lastFunction = function.id();
    return functions.add(function.id());
  }

  /** Notes that the worker drops a function; false if it does not have it. */
  boolean drops(EncodedFunction function) {
    lastFunction = 0;
    return functions.remove(function.id());
  }

  WorkerEvent event(String pool) {
    return new WorkerEvent(pool, name, pid);
  }
}
