// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.channel.ProcessQueue;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** Messages that make trouble when they are encoded or decoded. */
final class Odd {
  private Odd() {}

  /** Has, some way down, what cannot be serialized. */
  record Holder(Inner inner) implements Serializable {}

  /** What the holder holds. */
  record Inner(Object value) implements Serializable {}

  /** Its own writeObject fails. */
  static final class FailsToWrite implements Serializable {
    private static final long serialVersionUID = 1;

    private void writeObject(ObjectOutputStream out) {
      throw new IllegalArgumentException("does not want to be written");
    }
  }

  /** Its own readObject fails. */
  static final class FailsToRead implements Serializable {
    private static final long serialVersionUID = 1;

    private void readObject(ObjectInputStream in) {
      throw new IllegalArgumentException("does not want to be read");
    }
  }

  /** Its own readObject fails as a class does that cannot be linked. */
  static final class FailsToLink implements Serializable {
    private static final long serialVersionUID = 1;

    private void readObject(ObjectInputStream in) {
      throw new NoClassDefFoundError("org/example/Missing");
    }
  }

  /** Puts another element into the same queue when it is written, and takes one when it is read. */
  static final class UsesTheQueue implements Serializable {
    private static final long serialVersionUID = 1;

    final ProcessQueue<Object> queue;
    final Object first;
    transient @Nullable Object taken;

    UsesTheQueue(ProcessQueue<Object> queue, Object first) {
      this.queue = queue;
      this.first = first;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      out.defaultWriteObject();
      queue.add(first);
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      taken = queue.poll();
    }
  }
}
