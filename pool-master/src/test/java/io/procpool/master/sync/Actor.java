// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.Task;
import java.util.concurrent.atomic.AtomicLong;

/** A thread of a party, which does one thing after the other as the test says. For one thread. */
public final class Actor {
  static final AtomicLong NEXT = new AtomicLong(1);

  final Party party;
  final long id = NEXT.getAndIncrement();

  Actor(Party party) {
    this.party = party;
  }

  /** Does something and returns its value; throws what it throws. */
  public <T> T call(Task<T> task) throws Exception {
    return begin(task).value();
  }

  /** Does something; throws what it throws. */
  public void run(Action action) throws Exception {
    start(action).value();
  }

  /** Begins something with a value. */
  public <T> Begun<T> begin(Task<T> task) throws Exception {
    long actor = id;
    long call = NEXT.getAndIncrement();
    party.dispatch(() -> {
      ActorThread.begin(actor, call, task);
      return true;
    });
    return new Begun<>(this, call);
  }

  /** Begins something without a value. */
  public Begun<Boolean> start(Action action) throws Exception {
    return begin(() -> {
      action.run();
      return true;
    });
  }

  /** Interrupts it. */
  public void interrupt() throws Exception {
    long actor = id;
    party.dispatch(() -> {
      ActorThread.interrupt(actor);
      return true;
    });
  }

  /** Ends the thread. */
  public void end() throws Exception {
    long actor = id;
    party.dispatch(() -> {
      ActorThread.end(actor);
      return true;
    });
  }

  @Override
  public String toString() {
    return "actor " + id + " of " + party;
  }
}
