// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;

/** The process that has started this one. Safe for use by multiple threads. */
public interface ParentProcess {
  /** Returns its name, as {@link ProcessIdentity#name()} has it there. */
  String name();

  /** Returns its process id. */
  long pid();

  /** Tells whether it lives. If not, this process is about to end, too. */
  boolean isAlive();

  /**
   * Waits until it has ended, for a time; zero only looks. When it ends this process ends within some milliseconds, so that this
   * mostly does not return true.
   *
   * @return whether it has ended
   * @throws InterruptedException if the caller is interrupted
   */
  boolean join(Duration timeout) throws InterruptedException;
}
