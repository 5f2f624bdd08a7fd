// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import io.procpool.Shared;
import io.procpool.ipc.codec.PayloadFormatException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;

/** The shared values that have arrived in this process, each decoded once at most. Safe for use by multiple threads. */
public final class SharedCopies {
  private static final Map<Long, Arrived> KNOWN = new HashMap<>(); // by number; guarded by itself

  private SharedCopies() {}

  /** Returns what stands here for a value whose name has arrived. */
  static Shared<Object> arrived(long id, Block block) {
    synchronized (KNOWN) {
      Arrived known = KNOWN.get(id);
      if (known == null) {
        known = new Arrived(id, block);
        KNOWN.put(id, known);
      } else {
        block.letGo();
      }
      return known;
    }
  }

  /** Drops values that will not be named again. Does not wait for who decodes one. */
  public static void drop(long... ids) {
    synchronized (KNOWN) {
      for (long id : ids) {
        Arrived dropped = KNOWN.remove(id);
        if (dropped != null) {
          dropped.block.letGo();
        }
      }
    }
  }

  @NullUnmarked // a value may be null
  private static final class Arrived implements Shared<Object> {
    private static final long serialVersionUID = 1;

    private final long id;
    private final transient Block block;
    private transient boolean decoded; // guarded by this
    private transient Object value; // guarded by this

    Arrived(long id, Block block) {
      this.id = id;
      this.block = block;
    }

    @Override
    public synchronized Object get() {
      if (!decoded) {
        block.checkOpen();
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        try {
          value = SharedCopy.decode(
              block, loader == null ? ClassLoader.getSystemClassLoader() : loader);
        } catch (PayloadFormatException e) {
          throw new IllegalStateException(
              "a shared value cannot be decoded here: " + e.getMessage(), e);
        }
        decoded = true;
      }
      return value;
    }

    @Override
    public void close() {
      // It is for who has shared the value to say that nobody needs it.
    }

    private Object writeReplace() {
      return new SharedCopy.Name(id, block);
    }

    @Override
    public String toString() {
      return "Shared[" + block + "]";
    }
  }
}
