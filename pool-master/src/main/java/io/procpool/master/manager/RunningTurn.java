// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.manager.ServersHere;
import io.procpool.manager.FunctionTimeoutException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** A turn that a thread from the pool is busy with. Safe for use by multiple threads, but for what it waits for, which is for the event loop alone. */
final class RunningTurn {
  /*
   * Over. When its time is over, either a function of the user's is running, which then changes nothing any more because what it returns is thrown away (passed); or what it
   *       has returned is being stored, which takes no time, or sent (`passed`): then there is a little more time. Both see the same lock, so who is told that
   *       nothing is changed can believe it.
   */
  private static final int MOST_FRAMES = 100;
  private static final int SHOWN_FRAMES = 10;

  private final ServersHere.Turn identity;
  private final @Nullable ClientCall call;
  private final String object;
  private final boolean limited;
  private final Set<ClientCall> waits = new LinkedHashSet<>(1); // event loop only
  private @Nullable Thread thread; // guarded by this; while it works
  private boolean ended; // guarded by this
  private boolean over; // guarded by this
  private boolean function; // it is about a function, which has begun at least; guarded by this
  private boolean passed; // what the function has returned is being used; guarded by this

  /**
   * Makes one.
   *
   * @param call whose turn it is; null if it is of the server's own
   * @param object what it is done with, for people
   */
  RunningTurn(
      ServersHere.Turn identity, @Nullable ClientCall call, String object, boolean limited) {
    this.identity = identity;
    this.call = call;
    this.object = object;
    this.limited = limited;
  }

  long number() {
    return identity.number();
  }

  @Nullable
  ClientCall call() {
    return call;
  }

  /** Returns what is done with what, for people. */
  @Override
  public String toString() {
    return operation() + " at " + object;
  }

  private String operation() {
    return call == null ? "work of the server's own" : call.signature();
  }

  String object() {
    return object;
  }

  /** Tells whether it can be over. */
  boolean isLimited() {
    return limited;
  }

  // What it waits for.

  void waitFor(ClientCall awaited) {
    waits.removeIf(ClientCall::hasReplied);
    waits.add(awaited);
  }

  /** Returns the calls that it waits for. */
  List<ClientCall> waits() {
    return waits.stream().filter(awaited -> !awaited.hasReplied()).toList();
  }

  // The thread.

  /** Says that the calling thread works at it. */
  void begin() {
    synchronized (this) {
      thread = Thread.currentThread();
    }
    ServersHere.work(identity);
  }

  /** Says that the calling thread has done it. */
  void end() {
    ServersHere.work(null);
    synchronized (this) {
      thread = null;
      ended = true;
      Thread.interrupted(); // was meant for it
    }
  }

  /** Tells whether its time was over before it ended. */
  synchronized boolean isOver() {
    return over;
  }

  /** Ends it if its time is over. */
  synchronized void checkInTime() {
    if (over) {
      throw new CancellationException("its time is over");
    }
  }

  /** Says that a function of the user's begins. */
  synchronized void enter() {
    checkInTime();
    function = true;
    passed = false;
  }

  /** Says that the function has returned, and that what it has returned may be used if this returns. */
  synchronized void pass() {
    checkInTime();
    passed = true;
  }

  /**
   * Says that its time is over.
   *
   * @param isLast whether it gets no more time although what its function has returned is being used
   * @return what its caller is told; null if it has ended, or gets more time
   */
  synchronized @Nullable FunctionTimeoutException end(Duration limit, boolean isLast) {
    if (ended || passed && !isLast) {
      return null;
    }
    over = true;
    Thread working = thread;
    List<StackTraceElement> stack = working == null ? List.of() : stackOf(working);
    if (working != null) {
      working.interrupt();
    }
    String effect = passed
        ? "what it has changed stays so, but what it has returned could not be sent"
        : function ? "it changes nothing any more" : "it may still take effect when it ends";
    return exception(
        this + " has run for longer than " + text(limit) + " on the manager and was interrupted; "
            + effect + "; until it has ended the object cannot be used, the manager can",
        limit,
        stack);
  }

  /** Returns what those are told who want to use the object meanwhile. */
  FunctionTimeoutException inTheWay(FunctionTimeoutException told) {
    return exception(
        object + " cannot be used: " + operation()
            + (call == null ? "" : " of " + call.client().name())
            + " has run at it for longer than " + text(told.limit())
            + ", was interrupted, and has not ended; nothing was done; try again later, or use"
            + " another object",
        told.limit(),
        told.functionStack());
  }

  private FunctionTimeoutException exception(
      String message, Duration limit, List<StackTraceElement> stack) {
    StringBuilder text = new StringBuilder(message);
    for (int i = 0; i < Math.min(SHOWN_FRAMES, stack.size()); i++) {
      text.append("\n  it was at ").append(stack.get(i));
    }
    return new FunctionTimeoutException(text.toString(), object, operation(), limit, stack);
  }

  private static String text(Duration time) {
    return BigDecimal.valueOf(time.toNanos(), 9).stripTrailingZeros().toPlainString() + " s";
  }

  /** Returns where a thread is, without what is around any such work. */
  private static List<StackTraceElement> stackOf(Thread thread) {
    List<StackTraceElement> frames = new ArrayList<>(Arrays.asList(thread.getStackTrace()));
    for (int i = 0; i < frames.size(); i++) {
      String name = frames.get(i).getClassName();
      if (i == MOST_FRAMES
          || name.equals(ObjectCall.class.getName())
          || name.equals(ServedPriorityQueue.class.getName())) {
        return frames.subList(0, i);
      }
    }
    return frames;
  }
}
