// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import io.procpool.ResultIterator;
import io.procpool.WaitInterruptedException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.NullUnmarked;

/** The consumer's side of an imap: takes results, in the order of the inputs or as they come. */
@NullUnmarked
final class Imap<R> implements ResultIterator<R> {
  private final Feed feed;
  private final ArrayDeque<Outcome<Object>> decoded = new ArrayDeque<>();
  private long decodedBytes; // of the block that `decoded` is the rest of
  private boolean ended;

  private Imap(Feed feed) {
    this.feed = feed;
  }

  /** Starts reading the input. */
  static <R> Imap<R> start(
      PoolCore core,
      PoolCore.Submission submission,
      Iterator<?> input,
      int chunkSize,
      boolean ordered) {
    Feed feed = new Feed(core, submission, input, chunkSize, ordered);
    Imap<R> imap = new Imap<>(feed);
    feed.consumer = new WeakReference<>(imap);
    core.addFeed(feed);
    try {
      feed.start();
    } catch (Throwable noThread) {
      core.removeFeed(feed);
      throw noThread;
    }
    return imap;
  }

  @Override
  public boolean hasNext() {
    try {
      return fetch(Long.MAX_VALUE);
    } catch (TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public R next() {
    return value(nextOutcome());
  }

  @Override
  public R next(Duration timeout) throws TimeoutException {
    long nanos = Math.max(0, TaskResult.nanos(timeout));
    if (!fetch(nanos)) {
      throw new NoSuchElementException("the iteration has ended");
    }
    return value(nextOutcome());
  }

  @SuppressWarnings("unchecked")
  private R value(Outcome<R> outcome) {
    return (R) Failures.valueOf(outcome);
  }

  @Override
  @SuppressWarnings("unchecked")
  public Outcome<R> nextOutcome() {
    if (!hasNext()) {
      throw new NoSuchElementException("the iteration has ended");
    }
    Outcome<Object> next = decoded.poll();
    if (next == null) {
      ended = true;
      feed.throwInputError();
    }
    feed.taken(1, decoded.isEmpty() ? decodedBytes : 0);
    return (Outcome<R>) next;
  }

  /** Sees to it that a decoded outcome is there; false at the end. An input error counts as something that is there. */
  private boolean fetch(long nanos) throws TimeoutException {
    if (ended) {
      return false;
    }
    if (!decoded.isEmpty()) {
      return true;
    }
    Feed.Arrived arrived;
    try {
      arrived = feed.await(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new WaitInterruptedException("interrupted while waiting for a result of imap", e);
    }
    if (arrived == null) {
      ended = !feed.hasInputError();
      return !ended;
    }
    decodedBytes = arrived.bytes();
    arrived.block().decode(new ResultBlock.Visitor() {
      @Override
      public void value(int item, Object value) {
        decoded.add(new Outcome<>(arrived.base() + item, value, null));
      }

      @Override
      public void error(int item, Throwable error) {
        decoded.add(new Outcome<>(arrived.base() + item, null, error));
      }
    });
    return true;
  }

  @Override
  public void close() {
    ended = true;
    decoded.clear();
    feed.close();
  }

  /** The producer's side; does not refer to the consumer, so that a dropped iterator can be collected. */
  static final class Feed {
    /*
     * Threads.  `run` reads the input in a thread of its own, collects inputs into a batch and submits it when it is
     *           full. An input may pause for ever, so a consumer that has waited for a moment submits the unfinished batch itself.
     * Encoding. Encoding an input runs code of its class, which may take long, and may even wait for results of this pool.
     *           So the reader encodes each input without a lock, beside the batch, and moves it there afterwards: event
     *           loop and consumer never wait for it, and what was encoded before it can be submitted in the meantime.
     * Window.   Inputs read and not yet taken by the consumer stay below a bound, in number and in bytes; the reader waits
     *           for room. The pool's own limits bound the window, so a submission from here is never refused for want of
     *           room. The bytes of inputs count until the result is taken, because the outcomes refer to them.
     * Failure.  What encoding an input throws is the outcome of that input, whatever it is. All else that goes wrong here
     *           ends the input. An input gets its number when it has an outcome or is in the batch, so that each number
     *           below `read` is delivered exactly once.
     * Ends.     The reader ends with the input, with close(), with the pool, or when the iterator has been collected. One
     *           that is inside the input, or encodes, is interrupted, there only, so that it can leave a wait of its own.
     */
    private static final long PATIENCE_NANOS = 1_000_000;
    private static final long COLLECTED_CHECK_SECONDS = 1;
    private static final int MAX_WINDOW = 1 << 16;
    private static final long MAX_WINDOW_BYTES = 64L << 20;
    private static final long MAX_BATCH_BYTES = 4L << 20;

    /** Outcomes, and how many bytes they keep in memory until they are taken. */
    record Arrived(long base, ResultBlock block, long bytes) {
      long first() {
        return base + block.first();
      }
    }

    private final PoolCore core;
    private final PoolCore.Submission submission;
    private final Iterator<?> input;
    private final int chunkSize;
    private final boolean ordered;
    private final long maxInputBytes;
    private final ItemTime itemTime = new ItemTime();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final Condition arrival = lock.newCondition();
    private final ArrayDeque<Arrived> ready = new ArrayDeque<>(); // guarded by lock
    private final Map<Long, Arrived> early = new HashMap<>(); // by first item; guarded by lock
    private final Map<Long, Work> inFlight = new HashMap<>(); // by base; guarded by lock
    private Engine.Inputs encoded; // the last input read, on its way to the batch; reader only
    private Engine.Inputs batch; // guarded by lock
    private long read; // guarded by lock
    private long batchBase; // guarded by lock
    private long nextInOrder; // guarded by lock
    private long delivered; // items put into ready; guarded by lock
    private long taken; // guarded by lock
    private long inFlightBytes; // of inputs; guarded by lock
    private long untakenBytes; // of results and their inputs; guarded by lock
    private boolean inputEnded; // guarded by lock
    private boolean closed; // guarded by lock
    private boolean engineTold; // that nothing more is submitted; guarded by lock
    private Throwable inputError; // guarded by lock
    private Thread reading; // the reader while it is inside the input, or encodes; guarded by lock
    private WeakReference<Imap<?>> consumer;

    Feed(
        PoolCore core,
        PoolCore.Submission submission,
        Iterator<?> input,
        int chunkSize,
        boolean ordered) {
      this.core = core;
      this.submission = submission;
      this.input = input;
      this.chunkSize = chunkSize;
      this.ordered = ordered;
      this.maxInputBytes = core.options().maxPendingBytes();
      this.batch = submission.newInputsInParts();
      this.encoded = batch.another();
    }

    void start() {
      Thread reader = new Thread(this::run, core.options().name() + "-imap-reader");
      reader.setDaemon(true);
      reader.start();
    }

    private void run() {
      try {
        while (awaitRoom()) {
          Throwable unencodable;
          beginReading();
          try {
            if (!input.hasNext()) {
              break;
            }
            unencodable = encode(input.next());
          } finally {
            endReading();
          }
          add(unencodable);
        }
        endInput(null);
      } catch (Throwable failed) {
        endInput(failed);
      } finally {
        core.removeFeed(this);
        tellEngine();
      }
    }

    /** Encodes an input, beside the batch; returns why it cannot be encoded, or null. */
    private Throwable encode(Object item) {
      try {
        encoded.add(item, null, null);
        return null;
      } catch (Throwable cannotBeEncoded) {
        encoded = encoded.another(); // the buffer may have become large
        return cannotBeEncoded;
      }
    }

    private void beginReading() {
      lock.lock();
      try {
        reading = Thread.currentThread();
        if (closed || inputEnded) {
          reading.interrupt();
        }
      } finally {
        lock.unlock();
      }
    }

    private void endReading() {
      lock.lock();
      try {
        reading = null;
        Thread.interrupted();
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private void interruptReading() {
      if (reading != null) {
        reading.interrupt();
      }
    }

    private int batchSize() {
      return chunkSize > 0 ? chunkSize : itemTime.batch();
    }

    private boolean awaitRoom() throws InterruptedException {
      lock.lock();
      try {
        while (!closed && !inputEnded) {
          int workers = core.options().workers();
          long window = chunkSize > 0
              ? Math.max(4L * workers, (2L * workers + 1) * chunkSize)
              : Math.max(4L * workers, Math.min(MAX_WINDOW, 4L * workers * itemTime.batch()));
          window = Math.min(window, core.options().maxPendingTasks());
          if (read - taken < window && hasRoomForBytes()) {
            return true;
          }
          submitBatch();
          if (!room.await(COLLECTED_CHECK_SECONDS, TimeUnit.SECONDS) && consumer.get() == null) {
            closeLocked();
          }
        }
        return false;
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private boolean hasRoomForBytes() {
      long pending = inFlightBytes + batch.bytes();
      return pending < maxInputBytes && pending + untakenBytes < MAX_WINDOW_BYTES;
    }

    /** Gives the input that was encoded last, or why it could not be, its number and its place. */
    private void add(Throwable unencodable) {
      lock.lock();
      try {
        if (closed || inputEnded) {
          return;
        }
        if (unencodable != null) {
          submitBatch();
          Arrived failure = new Arrived(read, ResultBlock.ofError(0, 1, unencodable), 0);
          batchBase = ++read;
          deliver(failure);
          return;
        }
        if (batch.bytes() + encoded.bytes() > MAX_BATCH_BYTES) {
          submitBatch();
        }
        batch.takeAll(encoded);
        read++;
        if (batch.count() >= batchSize() || batch.bytes() >= MAX_BATCH_BYTES) {
          submitBatch();
        } else if (batch.count() == 1) {
          arrival.signalAll(); // a waiting consumer has a batch to lose patience with now
        }
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private void submitBatch() {
      int count = batch.count();
      if (count == 0 || closed || inputEnded) {
        return;
      }
      Engine.Inputs inputs = batch;
      long base = batchBase;
      long bytes = inputs.bytes();
      int[] left = {count};
      try {
        batch = inputs.another();
        batchBase = base + count;
        Batching batching = new Batching(count, itemTime, base);
        Work work = submission.work(inputs, batching, block -> arrived(base, block, bytes, left));
        inFlight.put(base, work);
        inFlightBytes += bytes;
        core.submitUnlimited(work);
      } catch (Throwable notSubmitted) {
        // Its inputs were not read, as it were, and no further one is.
        if (inFlight.remove(base) != null) {
          inFlightBytes -= bytes;
        }
        read = base;
        noteEnd(notSubmitted);
        throw notSubmitted;
      }
    }

    private void arrived(long base, ResultBlock block, long inputBytes, int[] left) {
      lock.lock();
      try {
        left[0] -= block.count();
        long bytes = block.bytes();
        if (left[0] == 0) {
          inFlight.remove(base);
          inFlightBytes -= inputBytes;
          bytes += inputBytes;
          room.signal();
        }
        if (!closed) {
          untakenBytes += bytes;
          deliver(new Arrived(base, block, bytes));
        }
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private void deliver(Arrived arrived) {
      if (ordered) {
        early.put(arrived.first(), arrived);
        for (Arrived next = early.remove(nextInOrder);
            next != null;
            next = early.remove(nextInOrder)) {
          nextInOrder += next.block().count();
          ready.add(next);
        }
      } else {
        ready.add(arrived);
      }
      if (!ready.isEmpty()) {
        arrival.signalAll();
      }
    }

    /** Waits for a block; null at the end of the input. */
    Arrived await(long nanos) throws InterruptedException, TimeoutException {
      lock.lockInterruptibly();
      try {
        long left = nanos;
        while (true) {
          Arrived next = ready.poll();
          if (next != null) {
            delivered += next.block().count();
            return next;
          }
          if (closed || (inputEnded && delivered == read)) {
            return null;
          }
          boolean unfinishedBatch = batch.count() > 0;
          if (left <= 0) {
            trySubmitBatch(); // for one who asks again and again without waiting
            throw new TimeoutException("no result within the given time; the iteration goes on");
          }
          long wait = unfinishedBatch ? Math.min(left, PATIENCE_NANOS) : left;
          long remaining = arrival.awaitNanos(wait);
          left -= wait - Math.max(0, remaining);
          if (unfinishedBatch && remaining <= 0 && ready.isEmpty()) {
            trySubmitBatch();
          }
        }
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private void trySubmitBatch() {
      try {
        submitBatch();
      } catch (Throwable noted) {
        // It has ended the input, and comes after the results that are still there.
      }
    }

    void taken(int items, long bytes) {
      lock.lock();
      try {
        taken += items;
        untakenBytes -= bytes;
        room.signal();
      } finally {
        lock.unlock();
      }
    }

    private void endInput(Throwable error) {
      lock.lock();
      try {
        endInputLocked(error);
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private void endInputLocked(Throwable error) {
      try {
        submitBatch();
      } catch (Throwable notSubmitted) {
        inputError = error != null ? error : notSubmitted;
      }
      noteEnd(error);
    }

    // under lock
    private void noteEnd(Throwable error) {
      inputEnded = true;
      if (inputError == null) {
        inputError = error;
      }
      arrival.signalAll();
    }

    boolean hasInputError() {
      lock.lock();
      try {
        return inputError != null && !closed;
      } finally {
        lock.unlock();
      }
    }

    void throwInputError() {
      Failures.valueOf(new Outcome<>(0, null, inputError));
    }

    /** Ends the iteration; any thread. */
    void close() {
      lock.lock();
      try {
        closeLocked();
      } finally {
        lock.unlock();
      }
      tellEngine();
    }

    /** Once nothing more can be submitted, tells the engine that the workers need not keep the function. */
    private void tellEngine() {
      Engine.Inputs last;
      lock.lock();
      try {
        if (engineTold || !(closed || inputEnded)) {
          return;
        }
        engineTold = true;
        last = batch;
      } finally {
        lock.unlock();
      }
      core.engine().endParts(last);
    }

    // under lock
    private void closeLocked() {
      if (closed) {
        return;
      }
      closed = true;
      ready.clear();
      early.clear();
      List<Long> bases = new ArrayList<>(inFlight.keySet());
      bases.sort(Comparator.reverseOrder()); // the last first, so that no further one starts
      for (Long base : bases) {
        Work work = inFlight.get(base);
        if (work != null) {
          core.cancel(work, true);
        }
      }
      interruptReading();
      room.signalAll();
      arrival.signalAll();
    }

    /** The pool accepts no more: the reader ends, what was submitted is still delivered. */
    void poolClosed() {
      lock.lock();
      try {
        if (!inputEnded) {
          endInputLocked(
              new RejectedExecutionException("pool \"" + core.options().name()
                  + "\" was closed before the input of imap was read to its end"));
        }
        interruptReading();
        room.signalAll();
      } finally {
        lock.unlock();
      }
      tellEngine();
    }
  }
}
