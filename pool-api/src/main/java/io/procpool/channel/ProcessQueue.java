// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

import io.procpool.Awaitable;
import io.procpool.spi.Channels;
import java.io.Serializable;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A first-in-first-out queue between all threads of all processes of the session, for any number that put and take. A handle can be
 * captured by a task, passed, returned, or put in a message or another queue; every copy is the same queue.
 *
 * <pre>{@code
 * ProcessQueue<String> queue = ProcessQueue.ofCapacity(100);
 * ChildProcess child = ChildProcess.start(() -> queue.put("from " + ChildProcess.current().pid()));
 * System.out.println(queue.take());
 * child.join();
 * }</pre>
 *
 * <p><b>Copies.</b> An element is encoded before the method that puts it returns: what happens to the object afterwards is not
 * seen by who takes it, who gets an equal copy. What cannot be encoded fails there and then. Null is refused.
 *
 * <p><b>Capacity.</b> The queue is full when it has as many elements, or as many bytes of encoded elements, as its {@linkplain
 * QueueOptions options} allow. One element that is larger than all that is accepted when the queue is empty.
 *
 * <p><b>Death.</b> What a process has put stays when it ends, in whatever way. One that is killed in the middle of a put costs that
 * element at most, and one that is killed in the middle of a take the element that it took; others go on, at the latest 50 ms
 * later. A process that is stopped in that moment, some microseconds, holds up others until it goes on; timeouts are kept.
 *
 * <p><b>Closing.</b> {@link #close()} closes the queue for all: nothing more can be put, and what is there can be taken. A queue that
 * is not closed has its place in shared memory until the session ends; one that is, until it is empty and its handles are gone.
 *
 * <p><b>Collections.</b> {@link #iterator()}, {@link #contains}, {@link #toArray()} and {@code stream()} look at a copy of what is there at
 * that moment. {@link #remove(Object)} and others that would take something out of the middle are refused.
 *
 * <p>Waiting threads have no order among them. Who takes an element sees what the process that put it did to shared memory before.
 *
 * <p>Safe for use by multiple threads and processes.
 *
 * @param <E> what is in it
 */
public interface ProcessQueue<E> extends BlockingQueue<E>, Awaitable, Serializable, AutoCloseable {
  /**
   * Makes a queue of bounded length.
   *
   * @param capacity the most elements, 1 to 16777214
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static <E> ProcessQueue<E> ofCapacity(int capacity) {
    return open(QueueOptions.builder().capacity(capacity).build());
  }

  /**
   * Makes a queue that takes whatever is put, up to 16777214 elements and {@link QueueOptions#UNBOUNDED_BYTES} bytes; beyond that it is
   * full like any other.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static <E> ProcessQueue<E> unbounded() {
    return open(
        QueueOptions.builder().capacityBytes(QueueOptions.UNBOUNDED_BYTES).build());
  }

  /**
   * Makes a queue.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static <E> ProcessQueue<E> open(QueueOptions options) {
    return Channels.installed().queue(options);
  }

  /**
   * Puts an element, and waits while the queue is full.
   *
   * @throws QueueClosedException if the queue is closed, also while this waits
   * @throws NotSerializableMessageException if the element cannot be encoded
   * @throws InterruptedException if the thread is interrupted before it is put
   */
  @Override
  void put(E element) throws InterruptedException;

  /** As {@link #put}, for a time; false if there was no room. */
  @Override
  boolean offer(E element, long timeout, TimeUnit unit) throws InterruptedException;

  /** As {@link #put}, for a time; false if there was no room. */
  default boolean offer(E element, Duration timeout) throws InterruptedException {
    return offer(element, TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
  }

  /**
   * Waits for an element and takes it.
   *
   * @throws QueueClosedException if the queue is closed and all has been taken, also while this waits
   * @throws UndecodableMessageException if the element cannot be rebuilt here; it is taken
   * @throws InterruptedException if the thread is interrupted before it has one
   */
  @Override
  E take() throws InterruptedException;

  /** As {@link #take}, for a time; null if there was none, or the queue is closed and all has been taken. */
  @Override
  @Nullable
  E poll(long timeout, TimeUnit unit) throws InterruptedException;

  /** As {@link #take}, for a time; null if there was none, or the queue is closed and all has been taken. */
  default @Nullable E poll(Duration timeout) throws InterruptedException {
    return poll(TimeUnit.NANOSECONDS.convert(timeout), TimeUnit.NANOSECONDS);
  }

  /**
   * Takes what is there now, up to a number of elements, into a collection. If one cannot be decoded or added, those before it are in the
   * collection, and it is lost.
   */
  @Override
  int drainTo(Collection<? super E> target, int maxElements);

  /** Returns the number of elements, for reports; it may be otherwise a moment later. */
  @Override
  int size();

  /**
   * Returns how many bytes the elements take, as the capacity counts them: for each those of its encoded form, some eight to fifteen more, and
   * now and then a gap where the next element did not fit.
   */
  long sizeBytes();

  /** Returns how many more elements the queue takes if there is room for their bytes. */
  @Override
  int remainingCapacity();

  /** Returns the options it was made with. */
  QueueOptions options();

  /** Goes through a copy of what is there now; its {@code remove} is refused. */
  @Override
  Iterator<E> iterator();

  /**
   * Says that an element that was taken has been dealt with. For queues made {@link QueueOptions#joinable}.
   *
   * @throws IllegalStateException if that has been said of all that this process has taken, or the queue is not joinable
   */
  void taskDone();

  /**
   * Waits until {@link #taskDone} has been called for every element that was put. For queues made {@link QueueOptions#joinable}. No more
   * than {@link QueueOptions#MAX_CAPACITY} elements can be put and not done at a time; beyond that this would return too early.
   *
   * @throws IllegalStateException if a process that had taken elements has died before it said so, at the latest 50 ms later; the message
   *     tells how many; or if the queue is not joinable
   */
  void join() throws InterruptedException;

  /** As {@link #join()}, for a time; false if it was not so in that time. */
  boolean join(Duration timeout) throws InterruptedException;

  /** Tells whether the queue is closed. */
  boolean isClosed();

  /**
   * Closes the queue, for all: whoever puts, or waits to put, gets a {@link QueueClosedException}; what is there can still be
   * taken, and then so does whoever takes. A second call has no effect.
   */
  @Override
  void close();
}
