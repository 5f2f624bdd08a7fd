// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.TaskContext;
import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.Outcomes;
import io.procpool.ipc.RunningTask;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadFullException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.SerializationDiagnosis;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.codec.ValueSkipper;
import io.procpool.ipc.memory.SharedCopies;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.ToWorker.Run;
import io.procpool.spi.TaskContexts;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Runs units, one at a time, in the task thread. */
final class UnitRunner implements TaskContexts.Source {
  /*
   * Order.    A unit begins with a compare-and-set in the segment and ends with one, so the master can take it back before,
   *           or kill this process in between, but never both lose nor both win. Its last outcomes are sent after the end
   *           and before the next unit begins: whatever has not been sent belongs to this unit.
   * Batches.  Outcomes of a batch go to the area of the segment and are published one by one; a death in the middle loses
   *           only the item that ran. They are sent when the area is full, when some time has passed, and at the end.
   * Interrupts. The unit can be interrupted from before it begins: the master may know of the beginning before this thread
   *           has gone on. What an item leaves behind, its own interrupt or class loader, the next one does not get. An
   *           interrupt from the master cannot be lost that way: it takes away the items that are left before it sends one.
   * Overdue.  An item that is over a limit of time is marked in the segment by the master; the watcher interrupts it, under `interruptLock`, as
   *           long as it finds the mark. The task thread cannot leave a marked item but under that lock, where it takes the mark and the
   *           interrupt away: so the interrupt reaches no other item.
   * Context.  Made when the task asks for it. What it says after the item's end goes nowhere, because the end waits for what is being said.
   * Clock.    Reading it costs as much as a short item. Unless there is a run timeout, a unit is run without, until the
   *           watcher finds it running for a few milliseconds and asks for a closer look.
   * Memory.   After an OutOfMemoryError this process says so and ends; after one that the task has hidden it begins no further unit.
   */
  private static final long FLUSH_NANOS = 20_000_000;
  private static final int NO_UNIT = -1;
  private static final int RETAINED_BYTES = PayloadWriter.RETAINED_BYTES;

  private final WorkerIdentity identity;
  private final WorkerSegment segment;
  private final FrameWriter writer;
  private final boolean reportStarts;
  private final Wear wear;
  private final @Nullable Havoc havoc;
  private final Witness witness;
  private final ClassLoader plain = ClassLoader.getSystemClassLoader();
  private final ClassRequests classes;
  private ClassLoader loader = plain; // of the unit that runs
  private final Map<Long, Object> functions = new HashMap<>(); // guarded by itself
  private final ByteBuffer area;
  private final TaskThread taskThread;
  private final Object interruptLock = new Object();
  private volatile boolean clocked;
  private final HeapWatch heapWatch;
  private int runningSeq = NO_UNIT; // guarded by interruptLock
  private boolean interrupted; // by the master; guarded by interruptLock
  private int
      interruptedItem; // the overdue item that has been interrupted; guarded by interruptLock
  private volatile @Nullable Run running; // null between units
  private int item; // of the unit that runs
  private @Nullable Object function; // of the unit that runs
  private @Nullable Context context; // of the item that runs, if it has asked
  private PayloadWriter scratch = new PayloadWriter();
  private int outcomeKind;
  private @Nullable Object outcomeValue;
  private int failedItems; // of the unit that runs

  UnitRunner(
      TaskThread taskThread,
      WorkerIdentity identity,
      WorkerSegment segment,
      FrameWriter writer,
      boolean reportStarts,
      Wear wear,
      @Nullable Havoc havoc,
      Witness witness,
      ClassRequests classes) {
    this.wear = wear;
    this.classes = classes;
    this.havoc = havoc;
    this.witness = witness;
    this.taskThread = taskThread;
    this.identity = identity;
    this.segment = segment;
    this.writer = writer;
    this.reportStarts = reportStarts;
    this.area = segment.area();
    this.heapWatch = new HeapWatch(segment, writer, witness);
  }

  /** Interrupts the task thread if it is at this unit; any thread. */
  void interrupt(int seq) {
    synchronized (interruptLock) {
      if (runningSeq == seq) {
        interrupted = true;
        taskThread.interrupt();
      }
    }
  }

  /** Tells whether the master may want something of the unit that runs at any moment; any thread. */
  boolean isToBeWatchedOften() {
    Run run = running;
    return run != null && (run.soft() || run.watched());
  }

  /** Looks after the unit that runs; the watcher. */
  void watch() throws IOException {
    Run run = running;
    if (run == null) {
      return;
    }
    witness.noteHeap(run.seq());
    if (run.soft()) {
      interruptIfOverdue(run.seq());
    }
    if (run.maxHeapBytes() > 0) {
      heapWatch.look(run.seq(), run.maxHeapBytes());
    }
  }

  private void interruptIfOverdue(int seq) {
    synchronized (interruptLock) {
      if (runningSeq == seq && segment.isOverdue(seq)) {
        int overdue = segment.begun(seq);
        if (interruptedItem != overdue) {
          interruptedItem = overdue;
          interrupted = true;
          taskThread.interrupt();
        }
      }
    }
  }

  /** Tells the master where the task is; any thread. */
  void showStack(int seq, int item) throws IOException {
    witness.sendStack(seq, item);
  }

  /** Says whether the time is to be taken before each item of a batch; any thread. */
  void clockItems(boolean each) {
    clocked = each;
  }

  /** Drops functions and shared values that will not be used again; any thread. */
  void forget(long[] ids) {
    SharedCopies.drop(ids);
    synchronized (functions) {
      for (long id : ids) {
        functions.remove(id);
        classes.forget(id, functions);
      }
    }
  }

  /** Tells whether the master waits for a unit to begin; any thread. */
  boolean isOffered(int seq) {
    return segment.state(seq) == UnitState.OFFERED;
  }

  void run(Unit unit) throws IOException {
    if (wear.endsThis()) {
      return; // the master takes the unit back
    }
    Run run = unit.run();
    int seq = run.seq();
    taskThread.expectUserCode();
    running(seq);
    if (!segment.begin(seq)) {
      running(NO_UNIT);
      return;
    }
    failedItems = 0;
    item = 0;
    running = run;
    witness.running(seq);
    if (reportStarts) {
      writer.write(new FromWorker.Started(seq), ByteBuffer.allocate(0));
    }
    taskThread.resumeUserCode();
    if (run.loader() != 0) {
      loader = classes.loaderOf(run.loader());
      taskThread.setContextClassLoader(loader);
    }
    long start = System.nanoTime();
    try {
      if (run.count() == 1) {
        runSingle(run, unit.payload(), start);
      } else {
        new Batch(run, start).run(unit.payload());
      }
      wear.unitOver();
    } catch (OutOfMemoryError error) {
      taskThread.endUserCode();
      scratch = new PayloadWriter(); // let go of what the task has made
      outcomeValue = null;
      outOfMemory("", error);
    }
  }

  private void running(int seq) {
    synchronized (interruptLock) {
      runningSeq = seq;
      if (seq != NO_UNIT) {
        interrupted = false;
        interruptedItem = 0;
      }
    }
  }

  // The context of the task.

  /** Only ever called in the task thread, by user code. */
  @Override
  public @Nullable TaskContext context() {
    Run run = running;
    if (context == null && run != null) {
      context = new Context(run, leftNanos(run));
    }
    return context;
  }

  /** Returns the number of the task that runs; zero if none does. Any thread. */
  long runningTaskId() {
    Run run = running;
    return run == null ? 0 : run.taskId() + item;
  }

  private long leftNanos(Run run) {
    return run.timeoutNanos() == 0
        ? Long.MAX_VALUE
        : run.timeoutNanos() - (System.nanoTime() - segment.itemStartNanos());
  }

  private String taskName(Run run) {
    if (!run.name().isEmpty() || function == null) {
      return run.name();
    }
    return RunningTask.nameOf(function.getClass());
  }

  private final class Context extends RunningTask {
    Context(Run run, long leftNanos) {
      super(
          run.taskId() + item,
          taskName(run),
          1 + run.earlierAttempts(),
          identity.name(),
          identity.pool(),
          leftNanos);
    }

    @Override
    protected void report(double fraction, byte[] message, int length) {
      segment.report(fraction, message, length);
    }

    @Override
    protected boolean isToEnd() {
      synchronized (interruptLock) {
        return interrupted;
      }
    }
  }

  private void endContext() {
    if (context != null) {
      context.end();
      context = null;
    }
  }

  /** Keeps the bytes of a function, which come once, even if the unit they come with is taken back; any thread. */
  void keepFunction(Run run, byte[] payload) throws IOException {
    int length = run.functionBytes();
    if (length < 0 || length > payload.length) {
      throw new PayloadFormatException(
          "a function of " + length + " bytes in a payload of " + payload.length);
    }
    if (run.keepFunction() && length > 0) {
      Encoded encoded = new Encoded(Arrays.copyOf(payload, length));
      synchronized (functions) {
        functions.put(run.functionId(), encoded);
      }
    }
  }

  /** A function that has not been needed yet. */
  private record Encoded(byte[] bytes) {}

  private Object function(Run run, byte[] payload) throws IOException {
    if (!run.keepFunction()) {
      return decode(payload, run.functionBytes());
    }
    Object known;
    synchronized (functions) {
      known = functions.get(run.functionId());
    }
    if (known == null) {
      throw new PayloadFormatException("the master did not send function " + run.functionId());
    }
    if (known instanceof Encoded encoded) {
      known = decode(encoded.bytes(), encoded.bytes().length);
      synchronized (functions) {
        functions.replace(run.functionId(), encoded, known); // unless forgotten by now
      }
    }
    return known;
  }

  private Object decode(byte[] payload, int length) throws PayloadFormatException {
    return FunctionCodec.read(new PayloadReader(ByteBuffer.wrap(payload, 0, length)), loader, null);
  }

  private static FunctionKind kind(Run run) throws PayloadFormatException {
    FunctionKind kind = FunctionKind.of(run.kind());
    if (kind == null) {
      throw new PayloadFormatException("unknown kind of function " + run.kind());
    }
    return kind;
  }

  private PayloadReader arguments(Run run, byte[] payload) {
    int skip = run.functionBytes();
    return new PayloadReader(ByteBuffer.wrap(payload, skip, payload.length - skip));
  }

  private void runSingle(Run run, byte[] payload, long start) throws IOException {
    scratch.reset();
    try {
      Object decoded = function(run, payload);
      function = decoded;
      compute(kind(run), decoded, arguments(run, payload));
    } catch (OutOfMemoryError error) {
      throw error;
    } catch (Throwable undecodable) {
      outcome(Outcomes.UNDECODABLE_TASK, undecodable);
    }
    encode(scratch, run.taskId());
    outcomeValue = null;
    boolean overdue = end(run) && outcomeKind == Outcomes.THROWN;
    sendResults(run, run.first(), 1, true, overdue, start, scratch.view());
    releaseScratch();
  }

  private void releaseScratch() {
    if (scratch.position() > RETAINED_BYTES) {
      scratch = new PayloadWriter();
    }
  }

  private void outcome(int kind, @Nullable Object value) {
    if (kind != Outcomes.VALUE && loader == plain && value instanceof Throwable failure) {
      classes.explain(failure);
    }
    outcomeKind = kind;
    outcomeValue = value;
  }

  /** Decodes the arguments of one item and calls the function; leaves the outcome in the fields. */
  private void compute(FunctionKind kind, Object function, PayloadReader in) {
    int arity = kind.arity();
    @Nullable Object a = null;
    @Nullable Object b = null;
    @Nullable Object c = null;
    int start = in.position();
    try {
      if (arity == 1) {
        a = ValueCodec.read(in, loader);
      } else if (arity > 1) {
        @Nullable Object[] all = ValueCodec.readAll(in, loader, null);
        a = all[0];
        b = all[1];
        c = arity > 2 ? all[2] : null;
      }
    } catch (OutOfMemoryError error) {
      throw error;
    } catch (Throwable undecodable) {
      skip(in, start, arity);
      outcome(Outcomes.UNDECODABLE_TASK, undecodable);
      return;
    }
    try {
      outcome(
          Outcomes.VALUE,
          havoc == null ? kind.call(function, a, b, c) : struck(havoc, kind, function, a, b, c));
    } catch (OutOfMemoryError error) {
      throw error;
    } catch (Throwable thrown) {
      outcome(Outcomes.THROWN, thrown);
    }
  }

  private @Nullable Object struck(
      Havoc havoc,
      FunctionKind kind,
      Object function,
      @Nullable Object a,
      @Nullable Object b,
      @Nullable Object c)
      throws Exception {
    Run run = Objects.requireNonNull(running);
    int attempt = 1 + run.earlierAttempts();
    return havoc.call(run.taskId() + item, attempt, kind, function, a, b, c);
  }

  /** Goes behind an argument that could not be decoded. */
  private static void skip(PayloadReader in, int start, int arity) {
    try {
      in.position(start);
      if (arity == 1) {
        ValueSkipper.skip(in);
      } else {
        ValueSkipper.skipAll(in);
      }
    } catch (PayloadFormatException malformed) {
      // Then the following items cannot be decoded either, and say so.
    }
  }

  /**
   * Writes the outcome in the fields.
   *
   * @throws PayloadFullException if the writer is fixed and too small; the writer is where it was
   */
  private void encode(PayloadWriter out, long taskId) {
    if (outcomeKind != Outcomes.VALUE) {
      Throwable failure = (Throwable) Objects.requireNonNull(outcomeValue);
      Outcomes.writeFailure(out, outcomeKind, failure, identity.name(), identity.pid(), taskId);
      failedItems++;
      return;
    }
    String problem;
    try {
      Outcomes.writeValue(out, outcomeValue);
      return;
    } catch (PayloadFullException | OutOfMemoryError notTheValue) {
      throw notTheValue;
    } catch (PayloadTooLargeException tooLarge) {
      problem = "its value is too large: " + tooLarge.getMessage();
    } catch (Throwable failed) {
      problem = SerializationDiagnosis.of("its value", outcomeValue, failed).message();
    }
    try {
      Outcomes.writeUnencodable(out, problem);
      failedItems++;
    } catch (UnencodableValueException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /**
   * Ends a unit: from here on no interrupt reaches it, and the master does not kill because of it. True if its last item was overdue.
   */
  private boolean end(Run run) {
    endContext();
    running(NO_UNIT);
    running = null;
    witness.running(NO_UNIT);
    function = null;
    taskThread.endUserCode();
    loader = plain;
    restoreLoader();
    UnitState before = segment.end(run.seq());
    while (before == UnitState.KILLED) {
      LockSupport.park(); // the master has decided to kill this process
    }
    FaultPoint.reached("unit.ended");
    return before == UnitState.OVERDUE;
  }

  private void restoreLoader() {
    if (taskThread.getContextClassLoader() != loader) {
      taskThread.setContextClassLoader(loader);
    }
  }

  private void sendResults(
      Run run, int first, int count, boolean last, boolean overdue, long start, ByteBuffer outcomes)
      throws IOException {
    long nanos = last ? System.nanoTime() - start : 0;
    FromWorker.Results message = new FromWorker.Results(
        run.seq(), first, count, last, nanos, last ? failedItems : 0, overdue);
    if (last) {
      wear.taskOver(nanos);
      writer.write(message, outcomes);
      return;
    }
    taskThread.pauseUserCode();
    try {
      writer.write(message, outcomes);
    } finally {
      taskThread.resumeUserCode();
    }
  }

  /** Ends this process because it is out of memory, and tells the master as far as there is memory for that; any thread. */
  void outOfMemory(String occasion, OutOfMemoryError error) {
    witness.outOfMemory(error);
    try {
      StringWriter trace = new StringWriter();
      trace.write(occasion);
      error.printStackTrace(new PrintWriter(trace));
      writer.write(
          new FromWorker.OutOfMemory(),
          ByteBuffer.wrap(trace.toString().getBytes(StandardCharsets.UTF_8)));
    } catch (Throwable noMemoryForThat) {
      // The exit value tells it too.
    } finally {
      wear.forget();
      Runtime.getRuntime().halt(WorkerExit.OUT_OF_MEMORY);
    }
  }

  /** A unit of several items. */
  private final class Batch {
    private final Run run;
    private final long start;
    private final PayloadWriter out;
    private int areaFirst;
    private int inArea;
    private long lastFlush;

    Batch(Run run, long start) {
      this.run = run;
      this.start = start;
      this.lastFlush = start;
      this.areaFirst = run.first();
      area.clear();
      this.out = new PayloadWriter(area);
    }

    void run(byte[] payload) throws IOException {
      int seq = run.seq();
      segment.openArea(seq, areaFirst);
      Object decoded = null;
      FunctionKind kind = FunctionKind.RUNNABLE;
      Throwable undecodable = null;
      try {
        decoded = function(run, payload);
        function = decoded;
        kind = kind(run);
      } catch (OutOfMemoryError error) {
        throw error;
      } catch (Throwable failed) {
        undecodable = failed;
      }
      PayloadReader in = arguments(run, payload);
      int next = run.first();
      do {
        if (decoded == null) {
          outcome(Outcomes.UNDECODABLE_TASK, undecodable);
        } else {
          compute(kind, decoded, in);
        }
        store(next);
        if (context != null) {
          endContext();
        }
        next++;
        if (clocked || run.timed()) {
          long now = System.nanoTime();
          if (now - lastFlush > FLUSH_NANOS) {
            flush(next, false, outcomeKind == Outcomes.THROWN && segment.isOverdue(seq));
            now = lastFlush;
            wear.taskOver(FLUSH_NANOS);
          }
          segment.itemStart(now);
        }
        if (taskThread.isInterrupted()) {
          Thread.interrupted();
        }
        restoreLoader();
        item++;
      } while (segment.beginItem(seq) || (segment.isOverdue(seq) && beginAfterOverdue(next)));
      boolean overdue = end(run) && outcomeKind == Outcomes.THROWN;
      flush(next, true, overdue);
    }

    /** Leaves an item that was to be interrupted, and begins the next one if there is one. */
    private boolean beginAfterOverdue(int next) throws IOException {
      synchronized (interruptLock) {
        if (!segment.settle(run.seq())) {
          return false;
        }
        interrupted = false;
        taskThread.forgetInterrupt();
      }
      flush(next, false, outcomeKind == Outcomes.THROWN);
      segment.itemStart(lastFlush);
      return segment.beginItem(run.seq());
    }

    /** Puts the outcome into the area, or sends it by itself if it does not fit there. */
    private void store(int item) throws IOException {
      long taskId = run.taskId() + item - run.first();
      try {
        encode(out, taskId);
        inArea++;
        segment.publish(inArea, out.position());
      } catch (PayloadFullException full) {
        flush(item, false);
        scratch.reset();
        encode(scratch, taskId);
        boolean overdue = outcomeKind == Outcomes.THROWN && segment.isOverdue(run.seq());
        sendResults(run, item, 1, false, overdue, start, scratch.view());
        releaseScratch();
        areaFirst = item + 1;
        segment.openArea(run.seq(), areaFirst);
      }
      outcomeValue = null;
    }

    /** Sends what is in the area: the outcomes of the items from `areaFirst` up to this one, exclusive. */
    private void flush(int next, boolean last) throws IOException {
      flush(next, last, false);
    }

    private void flush(int next, boolean last, boolean overdue) throws IOException {
      if (inArea > 0 || last) {
        sendResults(run, areaFirst, inArea, last, overdue, start, out.view());
      }
      inArea = 0;
      out.reset();
      areaFirst = next;
      segment.openArea(run.seq(), areaFirst);
      lastFlush = System.nanoTime();
    }
  }
}
