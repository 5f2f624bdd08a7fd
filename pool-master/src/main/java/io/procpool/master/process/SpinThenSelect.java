// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.SelectStrategy;
import io.netty.util.IntSupplier;

/**
 * Lets an event loop look for events for a moment before it sleeps, as long as events have been following each other
 * closely: waking a sleeping thread costs more than a round trip otherwise takes. When events are far apart it sleeps at
 * once. Used by one thread.
 */
public final class SpinThenSelect implements SelectStrategy {
  private static final long SPIN_NANOS = 40_000;
  private static final long CLOSE_NANOS = 60_000;
  private static final int CONFIDENCE = 8;
  private static final int LOOKS_BEFORE_SELECT = 16; // at the rings, which cost no system call

  private final RingWatch rings;
  private final int looksBeforeSelect;
  private final boolean
      keepsSelection; // the loop goes through what was selected last, though it has done so before
  private long lastEventNanos = System.nanoTime();
  private int confidence; // how often events have been close of late, 0 to CONFIDENCE
  private boolean slept;
  private int looks;

  /** For an event loop that has sockets only. */
  public SpinThenSelect() {
    this(new RingWatch(), 1, false);
  }

  /**
   * For an event loop that has rings, too.
   *
   * @param keepsSelection whether the loop, as that of NIO does, handles the last selection whenever it does not sleep, so that there has to be a new one each time
   */
  SpinThenSelect(RingWatch rings, boolean keepsSelection) {
    this(rings, LOOKS_BEFORE_SELECT, keepsSelection);
  }

  private SpinThenSelect(RingWatch rings, int looksBeforeSelect, boolean keepsSelection) {
    this.rings = rings;
    this.looksBeforeSelect = looksBeforeSelect;
    this.keepsSelection = keepsSelection;
  }

  @Override
  public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
    long now = System.nanoTime();
    if (slept) {
      slept = false;
      event(now);
    }
    looks++;
    boolean selected = looks % looksBeforeSelect == 0;
    int ready = selected ? selectNow.get() : 0;
    boolean ringsReady = rings.isReady();
    if (ringsReady) {
      rings.read();
    }
    if (ringsReady || hasTasks || ready > 0) {
      event(now);
      return selected || !keepsSelection ? ready : selectNow.get();
    }
    if (now - lastEventNanos < SPIN_NANOS
        && (confidence > CONFIDENCE / 2 || rings.isInTheMiddle())) {
      Thread.yield();
      return CONTINUE;
    }
    if (!rings.sleep()) {
      return CONTINUE;
    }
    slept = true;
    return SELECT;
  }

  private void event(long now) {
    boolean close = now - lastEventNanos < CLOSE_NANOS;
    confidence = close ? Math.min(CONFIDENCE, confidence + 1) : Math.max(0, confidence - 2);
    lastEventNanos = now;
  }
}
