// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Has something done when a thread is interrupted while it is in native code. The JDK offers that to selectors only, so this is one,
 * which selects nothing.
 */
final class WakeOnInterrupt extends AbstractSelector {
  /*
   * Who interrupts may come after the thread has said that it will sleep and before it does. So it wakes again and again until
   * the thread has said that it does not sleep any more.
   */
  private volatile @Nullable Runnable waking;

  WakeOnInterrupt() {
    super(SelectorProvider.provider());
  }

  /** Says that the calling thread is about to sleep, and how to wake it. Check the interrupt status after this. */
  void start(Runnable wake) {
    begin();
    waking = wake;
  }

  /** Says that it does not sleep any more. */
  void stop() {
    waking = null;
    end();
  }

  @Override
  public Selector wakeup() {
    for (Runnable wake = waking; wake != null; wake = waking) {
      wake.run();
      Thread.yield();
    }
    return this;
  }

  @Override
  protected void implCloseSelector() {
    // There is nothing to close.
  }

  @Override
  protected SelectionKey register(
      AbstractSelectableChannel channel, int operations, @Nullable Object attachment) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<SelectionKey> keys() {
    return Set.of();
  }

  @Override
  public Set<SelectionKey> selectedKeys() {
    return Set.of();
  }

  @Override
  public int selectNow() {
    return 0;
  }

  @Override
  public int select(long timeout) {
    return 0;
  }

  @Override
  public int select() {
    return 0;
  }
}
