// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.SIGNAL_BYTES;
import static io.procpool.ipc.sync.SyncLayout.SLEEPERS;
import static io.procpool.ipc.sync.SyncLayout.STATE;

import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.ProcessEvent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** An event: a word that counts how often it was set, so that who waits knows it even if it is clear again. */
final class MappedEvent extends InBlock implements ProcessEvent {
  private static final long serialVersionUID = 1;

  private final transient ByteBuffer memory;

  private MappedEvent(SharedBlock block) {
    super(block);
    this.memory = block.part(0);
  }

  static MappedEvent create() {
    return new MappedEvent(new MappedStore().allocate("ProcessEvent", SIGNAL_BYTES));
  }

  private Object readResolve() {
    return new MappedEvent(block);
  }

  private int state() {
    block.checkOpen();
    return (int) Words.INT.getVolatile(memory, STATE);
  }

  @Override
  public boolean isSet() {
    return (state() & 1) != 0;
  }

  @Override
  public void set() {
    int state = state();
    while ((state & 1) == 0) {
      if (Words.INT.compareAndSet(memory, STATE, state, state + 3)) { // set, and once more
        FaultPoint.reached("event.set");
        if ((int) Words.INT.getAndSet(memory, SLEEPERS, 0) != 0) {
          WordWaiter.installed().wake(memory, STATE, Integer.MAX_VALUE);
        }
        return;
      }
      state = state();
    }
  }

  @Override
  public void clear() {
    int state = state();
    while ((state & 1) != 0 && !Words.INT.compareAndSet(memory, STATE, state, state - 1)) {
      state = state();
    }
  }

  @Override
  public void await() throws InterruptedException {
    new StateWait(state()).await(Waiting.FOREVER);
  }

  @Override
  public boolean await(Duration timeout) throws InterruptedException {
    return new StateWait(state()).await(TimeUnit.NANOSECONDS.convert(timeout));
  }

  /** A wait for the event to be set, or to have been. */
  private final class StateWait extends Waiting {
    private final int before;

    StateWait(int before) {
      super(memory, STATE);
      this.before = before;
      expect(before);
    }

    @Override
    protected boolean attempt(boolean announce) {
      if (announce) {
        Words.INT.setVolatile(memory, SLEEPERS, 1);
      }
      int now = word();
      return (now & 1) != 0 || now != before;
    }

    @Override
    protected String what() {
      return Names.what("ProcessEvent", "", block);
    }
  }

  @Override
  public String toString() {
    return "ProcessEvent[" + (block.isClosed() ? "closed" : isSet() ? "set" : "clear") + "]";
  }
}
