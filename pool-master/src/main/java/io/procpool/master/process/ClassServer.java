// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.ToWorker.Given;
import io.procpool.master.process.ClassLookup.Found;
import io.procpool.master.process.TaskLoaders.Origin;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Gives workers the classes and resources they ask for. Safe for use by multiple threads. */
final class ClassServer {
  /*
   * Threads. Loaders are the user's, and may be slow or wait for each other: they are asked in a few threads of the pool, which end when there is nothing to do. Only the answer goes to the event loop.
   * Bounds.  A worker that has many questions open, or does not read the answers, breaks the rules and is given up. What was given is kept for the next worker up to a size, and forgotten when it was used least lately.
   * Failure. Whatever the lookup fails with is an answer. A worker that is gone is not answered.
   */
  private static final int THREADS = 4;
  private static final long IDLE_SECONDS = 5;
  private static final int OPEN_QUESTIONS = 256;
  private static final long UNREAD_BYTES = 256L << 20; // tasks may be among them
  private static final int KEPT_BYTES = 16 << 20;
  private static final int KEPT_CLASS_BYTES = 256 << 10;

  private record Key(long reference, String name, boolean lacking) {}

  private final TaskLoaders loaders;
  private final ClassLookup lookup;
  private final ThreadPoolExecutor threads;
  private final LinkedHashMap<Key, Found> kept =
      new LinkedHashMap<>(16, 0.75f, true); // guarded by itself
  private int keptBytes; // guarded by kept

  ClassServer(PoolOptions options, TaskLoaders loaders) {
    this.loaders = loaders;
    this.lookup = new ClassLookup(loaders, options.classPath());
    this.threads = new ThreadPoolExecutor(
        THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), runnable -> {
          Thread thread = new Thread(runnable, options.name() + "-classes");
          thread.setDaemon(true);
          return thread;
        });
    threads.allowCoreThreadTimeOut(true);
  }

  /** Answers a worker, later. Event loop only. */
  void wanted(Worker worker, FromWorker.Wanted wanted, Executor loop, Consumer<IOException> giveUp)
      throws IOException {
    worker.openQuestions++;
    if (worker.openQuestions > OPEN_QUESTIONS) {
      throw new IOException("it asked for more than " + OPEN_QUESTIONS + " classes at once");
    }
    threads.execute(() -> {
      Found found = find(wanted);
      loop.execute(() -> {
        try {
          answer(worker, wanted.number(), found);
        } catch (IOException doesNotRead) {
          giveUp.accept(doesNotRead);
        }
      });
    });
  }

  private static void answer(Worker worker, long number, Found found) throws IOException {
    worker.openQuestions--;
    if (worker.link != null && !worker.connectionClosed && worker.state != Worker.State.EXITED) {
      if (worker.link.unsentBytes() > UNREAD_BYTES) {
        throw new IOException("it does not read the classes it asked for");
      }
      Given given = new Given(number, found.outcome(), found.definer(), found.reason());
      worker.link.given(given, found.payload());
      worker.link.flush();
    }
  }

  private Found find(FromWorker.Wanted wanted) {
    try {
      Origin origin = loaders.find(wanted.loader());
      if (origin == null) {
        return Found.missing("the master's loader is gone");
      }
      if (wanted.kind() != FromWorker.Wanted.CLASS) {
        return lookup.resources(origin, wanted.name());
      }
      Key key = new Key(wanted.loader(), wanted.name(), wanted.lacking());
      synchronized (kept) {
        Found known = kept.get(key);
        if (known != null) {
          return known;
        }
      }
      Found found = lookup.type(origin, wanted.name(), wanted.lacking());
      keep(key, found);
      return found;
    } catch (Throwable failed) { // the user's loader may throw anything
      return Found.missing("the master's loader failed: " + failed);
    }
  }

  private void keep(Key key, Found found) {
    if (found.outcome() == Given.MISSING || found.payload().length > KEPT_CLASS_BYTES) {
      return;
    }
    synchronized (kept) {
      if (kept.putIfAbsent(key, found) == null) {
        keptBytes += size(key, found);
        while (keptBytes > KEPT_BYTES) {
          Map.Entry<Key, Found> eldest = kept.entrySet().iterator().next();
          keptBytes -= size(eldest.getKey(), eldest.getValue());
          kept.remove(eldest.getKey());
        }
      }
    }
  }

  private static int size(Key key, Found found) {
    return 200 + key.name().length() + found.payload().length;
  }

  /** Ends the threads; questions that wait are not answered. */
  void close() {
    threads.shutdownNow();
  }
}
