// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/** Something that an actor was told to do. */
public final class Begun<T> {
  private static final int SAMPLES = 3;

  private final Actor actor;
  private final long call;

  Begun(Actor actor, long call) {
    this.actor = actor;
    this.call = call;
  }

  /** Waits for its value; throws what it throws. */
  @SuppressWarnings("unchecked")
  public T value() throws Exception {
    ActorThread.Ended ended = ended();
    if (ended.failure() instanceof Exception failure) {
      throw failure;
    }
    if (ended.failure() instanceof Error failure) {
      throw failure;
    }
    return (T) ended.value();
  }

  /** Waits for what it throws. */
  public Throwable failure() throws Exception {
    ActorThread.Ended ended = ended();
    assertThat(ended.failure())
        .as("failure of %s, which has the value %s", actor, ended.value())
        .isNotNull();
    return Objects.requireNonNull(ended.failure());
  }

  private ActorThread.Ended ended() throws Exception {
    long id = actor.id;
    long what = call;
    return actor.party.dispatch(() -> ActorThread.await(id, what));
  }

  /** Interrupts the thread that does it. */
  public void interrupt() throws Exception {
    actor.interrupt();
  }

  public boolean isDone() throws Exception {
    long what = call;
    return actor.party.dispatch(() -> ActorThread.isDone(what));
  }

  /** Waits until it waits in a method of what is tested. */
  public Begun<T> awaitWaiting() throws Exception {
    long id = actor.id;
    long what = call;
    actor.party.dispatch(() -> {
      Faults.awaitLong("the actor to wait").until(() -> {
        for (int i = 0; i < SAMPLES; i++) {
          if (!ActorThread.isInside(id, what)) {
            assertThat(ActorThread.isDone(what)).as("is done, did not wait").isFalse();
            return false;
          }
          LockSupport.parkNanos(500_000);
        }
        return true;
      });
      return true;
    });
    return this;
  }

  /** Watches for a while that it goes on waiting. */
  public Begun<T> assertWaits() throws Exception {
    awaitWaiting();
    long end = System.nanoTime() + SHORT.toNanos() / 8;
    while (System.nanoTime() < end) {
      assertThat(isDone()).as("%s is done", actor).isFalse();
      LockSupport.parkNanos(2_000_000);
    }
    return this;
  }
}
