// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The inputs on their way to the pool. Leaves out those that the job log has as done, and keeps the others until their
 * outcome has been taken: never more than the pool reads ahead. A failure of the source ends the inputs and is kept in
 * {@link #failure}. The iteration is for one thread, the rest safe for use by multiple threads.
 */
final class Feed implements Iterator<Object>, Iterable<Object> {
  private final Iterator<?> source;
  private final @Nullable JobLog log;
  private final boolean resume;
  private final Runnable onSkipped;
  private final Map<Long, Entry> inFlight =
      new ConcurrentHashMap<>(); // by position in the pool's iteration
  private @Nullable Entry next; // iterating thread only
  private boolean ended; // iterating thread only
  private long handedOut; // iterating thread only
  private volatile long read;
  private volatile long skipped;
  private volatile boolean stopped;
  private volatile @Nullable Throwable failure;

  /**
   * An input.
   *
   * @param sequence its place among all inputs, from 0
   * @param input the input
   * @param digest its digest, if there is a job log
   */
  record Entry(long sequence, Object input, long digest) {}

  Feed(Iterator<?> source, @Nullable JobLog log, boolean resume, Runnable onSkipped) {
    this.source = source;
    this.log = log;
    this.resume = resume;
    this.onSkipped = onSkipped;
  }

  @Override
  public Iterator<Object> iterator() {
    return this;
  }

  @Override
  public boolean hasNext() {
    try {
      while (next == null && !ended && !stopped) {
        if (!source.hasNext()) {
          ended = true;
          if (log != null && resume) {
            log.inputsEnded(read);
          }
          break;
        }
        Object input = source.next();
        if (input == null) {
          throw new NullPointerException("input " + (read + 1) + " is null");
        }
        long sequence = read++;
        Entry entry = new Entry(sequence, input, log == null ? 0 : ValueDigest.of(input));
        if (log != null && resume && log.isDone(sequence, entry.digest())) {
          skipped++;
          onSkipped.run();
        } else {
          next = entry;
        }
      }
    } catch (Throwable e) {
      failure = e;
      ended = true;
    }
    return next != null && !stopped;
  }

  @Override
  public Object next() {
    if (!hasNext()) {
      throw new NoSuchElementException("no further input");
    }
    Entry entry = Objects.requireNonNull(next);
    next = null;
    inFlight.put(handedOut++, entry);
    return entry.input();
  }

  /** Returns the input at a position of the pool's iteration, which stays; null if it was taken already. */
  @Nullable
  Entry peek(long position) {
    return inFlight.get(position);
  }

  /** Takes the input at a position of the pool's iteration; null if it was never handed out. */
  @Nullable
  Entry take(long position) {
    return inFlight.remove(position);
  }

  /** Hands out no further input. */
  void stop() {
    stopped = true;
  }

  /** Returns what reading the inputs has failed with, if it has. */
  @Nullable
  Throwable failure() {
    return failure;
  }

  long skipped() {
    return skipped;
  }
}
