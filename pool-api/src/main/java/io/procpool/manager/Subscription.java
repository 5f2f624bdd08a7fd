// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/** What a listener is told goes on until this is closed, or the manager is gone. Made by methods such as {@link ManagedMap#addListener}. Safe for use by multiple threads. */
public interface Subscription extends AutoCloseable {
  /**
   * Ends it: the listener is not called any more, but for a call that has begun. Blocks for a round trip; does nothing if it has ended already.
   */
  @Override
  void close();
}
