// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueClosedException;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** What the stress test sends its elements through: a queue, or a copy that is broken. */
interface Lane extends Serializable {
  /** Puts an element. */
  void put(int[] element) throws Exception;

  /** Takes an element; null at the end. */
  int @Nullable [] take() throws Exception;

  /** Says that there will be no more. */
  void close();

  /** A queue. */
  record Queued(ProcessQueue<int[]> queue) implements Lane {
    @Override
    public void put(int[] element) throws Exception {
      queue.put(element);
    }

    @Override
    public int @Nullable [] take() throws Exception {
      try {
        return queue.take();
      } catch (QueueClosedException end) {
        return null;
      }
    }

    @Override
    public void close() {
      queue.close();
    }
  }

  /** A ring whose tail and head are read and written in two steps, by anybody. */
  record TwoSteps(SharedIntArray elements, SharedInt head, SharedInt tail, SharedInt closed)
      implements Lane {
    static TwoSteps create(int capacity) {
      return new TwoSteps(
          SharedIntArray.create(2L * capacity),
          SharedInt.create(0),
          SharedInt.create(0),
          SharedInt.create(0));
    }

    private long at(int position) {
      return 2 * (position % (elements.length() / 2));
    }

    @Override
    public void put(int[] element) {
      int position = tail.get();
      while (position - head.get() >= elements.length() / 2) {
        Thread.yield();
        position = tail.get();
      }
      elements.set(at(position), element[0]);
      elements.set(at(position) + 1, element[1]);
      tail.set(position + 1);
    }

    @Override
    public int @Nullable [] take() {
      int position = head.get();
      while (position >= tail.get()) {
        if (closed.get() != 0) {
          return null;
        }
        Thread.yield();
        position = head.get();
      }
      int producer = elements.get(at(position));
      int number = elements.get(at(position) + 1);
      head.set(position + 1);
      return new int[] {producer, number, producer + number};
    }

    @Override
    public void close() {
      closed.set(1);
    }
  }

  /** A queue that now and then loses what was put, as one does that moves its tail before it has the lock. */
  record Forgetful(Lane lane, SharedInt count) implements Lane {
    @Override
    public void put(int[] element) throws Exception {
      if (count.getAndAdd(1) % 1000 != 999) {
        lane.put(element);
      }
    }

    @Override
    public int @Nullable [] take() throws Exception {
      return lane.take();
    }

    @Override
    public void close() {
      lane.close();
    }
  }
}
