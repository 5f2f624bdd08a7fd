// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.wire.ToManager;
import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which objects of a server this process has. The server counts how often it has told this process of each; when the last handle here is gone, the process says how
 * often it was told, so that a reply which is on its way meanwhile is not forgotten. Safe for use by multiple threads.
 */
final class Holds {
  private static final Cleaner CLEANER = Cleaner.create(new Daemons());

  private final Consumer<byte[]> say;
  private final Map<Long, Entry> entries = new HashMap<>(); // guarded by this

  /** One object. */
  private static final class Entry extends WeakReference<Hold> {
    int count; // guarded by the map's lock

    Entry(Hold hold) {
      super(hold);
    }
  }

  /** Makes threads that keep no process alive. */
  private static final class Daemons implements ThreadFactory {
    @Override
    public Thread newThread(Runnable work) {
      Thread thread = new Thread(work, "manager-holds");
      thread.setDaemon(true);
      return thread;
    }
  }

  /**
   * Makes an empty one.
   *
   * @param say sends a message at some time; does not block
   */
  Holds(Consumer<byte[]> say) {
    this.say = say;
  }

  /** Says that the server has counted an object once more for this process. */
  synchronized Hold granted(long object) {
    Entry entry = entries.get(object);
    Hold hold = entry == null ? null : entry.get();
    if (entry == null || hold == null) {
      hold = new Hold();
      entry = new Entry(hold);
      entries.put(object, entry);
      Entry made = entry;
      CLEANER.register(hold, () -> release(object, made));
    }
    entry.count++;
    return hold;
  }

  /** Returns what this process has of an object; null if it does not have it. */
  synchronized @Nullable Hold find(long object) {
    Entry entry = entries.get(object);
    return entry == null ? null : entry.get();
  }

  private void release(long object, Entry entry) {
    int count;
    synchronized (this) {
      entries.remove(object, entry); // or another one has taken its place
      count = entry.count;
    }
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, new ToManager.Release(object, count));
    say.accept(message.toByteArray());
  }
}
