// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.Task;
import io.procpool.master.process.Faults;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What an {@link Actor} is in its process: a thread that runs calls one after the other. Its methods are for the test's tasks. */
final class ActorThread extends Thread {
  private static final List<String> IMPLEMENTATION = List.of(
      "io.procpool.ipc.sync.",
      "io.procpool.ipc.channel.",
      "io.procpool.ipc.socket.",
      "io.procpool.ipc.manager.");
  private static final Map<Long, ActorThread> ACTORS = new ConcurrentHashMap<>();
  private static final Map<Long, FutureTask<?>> CALLS = new ConcurrentHashMap<>();

  private static final FutureTask<?> NOTHING = new FutureTask<>(() -> null);

  private final BlockingQueue<FutureTask<?>> queue = new LinkedBlockingQueue<>();
  private volatile boolean ending;
  private volatile @Nullable FutureTask<?> running;

  /** How a call ended. */
  record Ended(@Nullable Object value, @Nullable Throwable failure) implements Serializable {}

  private ActorThread(long id) {
    super(Faults.PREFIX + "actor-" + id);
    setDaemon(true);
  }

  /** Has an actor run something when it is through with what it was given before. */
  static void begin(long actor, long call, Task<?> task) {
    FutureTask<?> future = new FutureTask<>(task);
    CALLS.put(call, future);
    ACTORS.computeIfAbsent(actor, ActorThread::started).queue.add(future);
  }

  private static ActorThread started(long id) {
    ActorThread made = new ActorThread(id);
    made.start();
    return made;
  }

  @Override
  public void run() {
    try {
      while (!ending || !queue.isEmpty()) {
        FutureTask<?> next = queue.take();
        running = next;
        next.run();
        running = null;
        Thread.interrupted();
      }
    } catch (InterruptedException end) {
      // That is how an actor with nothing to do is ended.
    }
  }

  /** Waits for the end of a call. */
  static Ended await(long actor, long call) throws InterruptedException {
    FutureTask<?> future = Objects.requireNonNull(CALLS.get(call));
    try {
      Object value = future.get(Faults.LONG.toMillis(), TimeUnit.MILLISECONDS);
      return new Ended(value, null);
    } catch (ExecutionException e) {
      return new Ended(null, e.getCause());
    } catch (TimeoutException e) {
      return new Ended(
          null, new AssertionError("has not ended within " + Faults.LONG + describe(actor)));
    } finally {
      CALLS.remove(call);
    }
  }

  static boolean isDone(long call) {
    FutureTask<?> future = CALLS.get(call);
    return future == null || future.isDone();
  }

  /** Tells whether a call runs, and is inside of what is tested. */
  static boolean isInside(long actor, long call) {
    ActorThread thread = Objects.requireNonNull(ACTORS.get(actor));
    if (thread.running != CALLS.get(call)) {
      return false;
    }
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (IMPLEMENTATION.stream().anyMatch(frame.getClassName()::startsWith)) {
        return true;
      }
    }
    return false;
  }

  static void interrupt(long actor) {
    Objects.requireNonNull(ACTORS.get(actor)).interrupt();
  }

  static String describe(long actor) {
    StringBuilder text = new StringBuilder();
    for (StackTraceElement frame : Objects.requireNonNull(ACTORS.get(actor)).getStackTrace()) {
      text.append("\n  at ").append(frame);
    }
    return text.toString();
  }

  /** Ends an actor, as a thread of a program ends; it must have nothing to do. */
  static void end(long actor) throws InterruptedException {
    ActorThread thread = ACTORS.remove(actor);
    if (thread != null) {
      thread.ending = true;
      thread.queue.add(NOTHING);
      thread.join(Faults.LONG.toMillis());
    }
  }

  /** Ends actors; returns where those are that do not end. */
  static List<String> endAll(List<Long> actors) throws InterruptedException {
    List<String> stuck = new ArrayList<>();
    for (long actor : actors) {
      ActorThread thread = ACTORS.get(actor);
      FutureTask<?> running = thread == null ? null : thread.running;
      if (thread != null && running != null && !running.isDone()) {
        stuck.add(describe(actor));
        thread.interrupt();
      }
    }
    for (long actor : actors) {
      ActorThread thread = ACTORS.remove(actor);
      if (thread != null) {
        thread.ending = true;
        thread.queue.add(NOTHING);
        thread.join(stuck.isEmpty() ? Faults.LONG.toMillis() : Faults.SHORT.toMillis());
      }
    }
    return stuck;
  }
}
