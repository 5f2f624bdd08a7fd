// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import io.procpool.ResultIterator;
import io.procpool.WaitInterruptedException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
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
    feed.start();
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
    feed.taken(1);
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
     * full. An input may pause for ever, so a consumer that has waited for a moment submits the unfinished batch itself.
     * Window.   Inputs read and not yet taken by the consumer stay below a bound; the reader waits for room. The pool's
     *           own limits bound the window, so a submission from here is never refused for want of room.
     * Ends.     The reader ends with the input, with close(), with the pool, or when the iterator has been collected.
     */
    private static final long PATIENCE_NANOS = 1_000_000;
    private static final long COLLECTED_CHECK_SECONDS = 1;
    private static final int MAX_WINDOW = 1 << 16;
    private static final long MAX_WINDOW_BYTES = 64L << 20;

    record Arrived(long base, ResultBlock block) {
      long first() {
        return base + block.first();
      }
    }

    private final PoolCore core;
    private final PoolCore.Submission submission;
    private final Iterator<?> input;
    private final int chunkSize;
    private final boolean ordered;
    private final long maxBytes;
    private final ItemTime itemTime = new ItemTime();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final Condition arrival = lock.newCondition();
    private final ArrayDeque<Arrived> ready = new ArrayDeque<>(); // guarded by lock
    private final Map<Long, Arrived> early = new HashMap<>(); // by first item; guarded by lock
    private final Map<Long, Work> inFlight = new HashMap<>(); // by base; guarded by lock
    private Engine.Inputs batch; // guarded by lock
    private long read; // guarded by lock
    private long batchBase; // guarded by lock
    private long nextInOrder; // guarded by lock
    private long delivered; // items put into ready; guarded by lock
    private long taken; // guarded by lock
    private long bytesInFlight; // guarded by lock
    private boolean inputEnded; // guarded by lock
    private boolean closed; // guarded by lock
    private Throwable inputError; // guarded by lock
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
      this.maxBytes = Math.min(MAX_WINDOW_BYTES, core.options().maxPendingBytes());
      this.batch = submission.newInputs();
    }

    void start() {
      Thread reader = new Thread(this::run, core.options().name() + "-imap-reader");
      reader.setDaemon(true);
      reader.start();
    }

    private void run() {
      try {
        while (awaitRoom() && input.hasNext()) {
          add(input.next());
        }
        endInput(null);
      } catch (Throwable failed) {
        endInput(failed);
      } finally {
        core.removeFeed(this);
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
          if (read - taken < window && bytesInFlight < maxBytes) {
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

    private void add(Object item) {
      lock.lock();
      try {
        if (closed || inputEnded) {
          return;
        }
        long index = read++;
        try {
          batch.add(item, null, null);
        } catch (RuntimeException cannotBeEncoded) {
          submitBatch();
          batchBase = read;
          deliver(new Arrived(index, ResultBlock.ofError(0, 1, cannotBeEncoded)));
          return;
        }
        if (batch.count() >= batchSize()) {
          submitBatch();
        }
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private void submitBatch() {
      int count = batch.count();
      if (count == 0) {
        return;
      }
      Engine.Inputs inputs = batch;
      long base = batchBase;
      batch = submission.newInputs();
      batchBase = base + count;
      bytesInFlight += inputs.bytes();
      int[] left = {count};
      Work work =
          submission.work(inputs, chunkSize, itemTime, block -> arrived(base, block, inputs, left));
      inFlight.put(base, work);
      try {
        core.submitUnlimited(work);
      } catch (RejectedExecutionException rejected) {
        inFlight.remove(base);
        bytesInFlight -= inputs.bytes();
        read = base;
        throw rejected;
      }
    }

    private void arrived(long base, ResultBlock block, Engine.Inputs inputs, int[] left) {
      lock.lock();
      try {
        left[0] -= block.count();
        if (left[0] == 0) {
          inFlight.remove(base);
          bytesInFlight -= inputs.bytes();
          room.signal();
        }
        if (!closed) {
          deliver(new Arrived(base, block));
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
      } catch (RejectedExecutionException rejected) {
        endInputLocked(rejected);
      }
    }

    void taken(int items) {
      lock.lock();
      try {
        taken += items;
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
      Throwable failure = error;
      if (!closed && !inputEnded) {
        try {
          submitBatch();
        } catch (RejectedExecutionException rejected) {
          failure = failure == null ? rejected : failure;
        }
      }
      inputEnded = true;
      if (inputError == null) {
        inputError = failure;
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
    }

    // under lock
    private void closeLocked() {
      if (closed) {
        return;
      }
      closed = true;
      ready.clear();
      early.clear();
      for (Work work : inFlight.values()) {
        core.cancel(work, true);
      }
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
        room.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
