// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.ToWorker;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The classes and resources that this worker asks the master for, and the loaders that do so. Safe for use by multiple threads. */
final class ClassRequests {
  /*
   * Threads.  Any thread of a task may ask, also one that is interrupted, so none of them may touch the channel: the watcher sends what waits, and whoever reads the channel at that moment hands over the answer.
   * Waiting.  Not to be interrupted, because a class that could not be loaded once never can be; but not for ever. The end of the master ends this process.
   * Loaders.  Kept by their numbers until the master says that its loader is gone.
   */
  private static final String WAIT_PROPERTY = "procpool.classWaitMillis";
  private static final long WAIT_MILLIS = 30_000;
  private static final int NAMED_PLACES = 3;
  private static final int CAUSES = 10;

  private final String worker;
  private final ConcurrentLinkedQueue<Request> unsent = new ConcurrentLinkedQueue<>();
  private final Map<Long, Request> unanswered = new HashMap<>(); // guarded by itself
  private final Map<Long, ServedLoader> loaders = new HashMap<>(); // guarded by itself
  private volatile int open;
  private volatile @Nullable Thread sender;
  private long lastNumber; // guarded by unanswered

  ClassRequests(String worker) {
    this.worker = worker;
  }

  /** What the master has said. */
  record Answer(int outcome, long definer, String reason, byte[] payload) {
    boolean isFound() {
      return outcome == ToWorker.Given.FOUND;
    }

    boolean isOfClassPath() {
      return outcome == ToWorker.Given.OF_CLASS_PATH;
    }
  }

  private static final class Request {
    final FromWorker.Wanted wanted;
    final Thread asking = Thread.currentThread();
    volatile @Nullable Answer answer;

    Request(FromWorker.Wanted wanted) {
      this.wanted = wanted;
    }
  }

  /** Says which thread sends. */
  void sendIn(Thread thread) {
    sender = thread;
  }

  /** Returns the loader with a reference; the system's if that is zero. */
  ClassLoader loaderOf(long reference) {
    return reference == 0 ? ClassLoader.getSystemClassLoader() : loader(reference);
  }

  ServedLoader loader(long reference) {
    synchronized (loaders) {
      ServedLoader known = loaders.get(reference >>> 1);
      if (known == null) {
        known = new ServedLoader(reference, this);
        loaders.put(reference >>> 1, known);
      }
      return known;
    }
  }

  /** Drops a loader that the master no longer has, if the number is that of one, and the functions of its classes. */
  void forget(long number, Map<Long, Object> functions) {
    ServedLoader gone;
    synchronized (loaders) {
      gone = loaders.remove(number);
    }
    if (gone != null) {
      for (Iterator<Object> each = functions.values().iterator(); each.hasNext(); ) {
        if (each.next().getClass().getClassLoader() == gone) {
          each.remove();
        }
      }
    }
  }

  /**
   * Asks the master; waits for the answer.
   *
   * @param lacking whether the class path here was looked at before
   * @throws ClassNotFoundException if there is none in time
   */
  Answer ask(long reference, int kind, String name, boolean lacking) throws ClassNotFoundException {
    Request request;
    synchronized (unanswered) {
      lastNumber++;
      request = new Request(new FromWorker.Wanted(lastNumber, reference, kind, name, lacking));
      unanswered.put(lastNumber, request);
      open = unanswered.size();
    }
    unsent.add(request);
    LockSupport.unpark(sender);
    try {
      return await(request);
    } finally {
      synchronized (unanswered) {
        unanswered.remove(request.wanted.number());
        open = unanswered.size();
      }
    }
  }

  private Answer await(Request request) throws ClassNotFoundException {
    long waitMillis = Long.getLong(WAIT_PROPERTY, WAIT_MILLIS);
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMillis);
    boolean interrupted = false;
    try {
      while (true) {
        Answer answer = request.answer;
        if (answer != null) {
          return answer;
        }
        long left = end - System.nanoTime();
        if (left <= 0) {
          throw new ClassNotFoundException(request.wanted.name() + " (" + placesHere()
              + "; the master was asked, but did not answer within " + waitMillis + " ms)");
        }
        LockSupport.parkNanos(request, left);
        interrupted |= Thread.interrupted();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Sends what waits; tells whether somebody waits for an answer. Only ever called in the thread that sends. */
  boolean send(FrameWriter writer) throws IOException {
    for (Request next = unsent.poll(); next != null; next = unsent.poll()) {
      writer.write(next.wanted, ByteBuffer.allocate(0));
    }
    return open > 0;
  }

  /** Hands over an answer; one that is no longer waited for is dropped. */
  void given(ToWorker.Given given, byte[] payload) {
    Request request;
    synchronized (unanswered) {
      request = unanswered.get(given.number());
    }
    if (request != null) {
      request.answer = new Answer(given.outcome(), given.definer(), given.reason(), payload);
      LockSupport.unpark(request.asking);
    }
  }

  /** Adds to the failure of a task whose classes come from the class path where a class was looked for. */
  void explain(Throwable failure) {
    Throwable each = failure;
    for (int i = 0; i < CAUSES && each != null; i++) {
      if (each instanceof NoClassDefFoundError || each instanceof ClassNotFoundException) {
        failure.addSuppressed(
            new ClassNotFoundException(
                placesHere()
                    + "; the master was not asked, because the task and the context class loader of who submitted it are of the class path"));
        return;
      }
      each = each.getCause();
    }
  }

  /** Says where a class is looked for in this process. */
  String placesHere() {
    String[] entries = System.getProperty("java.class.path", "").split(File.pathSeparator);
    StringBuilder text = new StringBuilder("looked for in the class path of ").append(worker);
    text.append(", ")
        .append(entries.length)
        .append(entries.length == 1 ? " entry: " : " entries: ");
    for (int i = 0; i < entries.length && i < NAMED_PLACES; i++) {
      text.append(i == 0 ? "" : ", ").append(new File(entries[i]).getName());
    }
    return text.append(entries.length > NAMED_PLACES ? ", …" : "").toString();
  }
}
