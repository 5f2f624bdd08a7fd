// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import java.util.OptionalLong;

/**
 * Notice that a process ended while it held a lock: what the lock guards may be half changed. Immutable.
 *
 * @param pid the process id it had, if still known
 */
public record DeadOwner(OptionalLong pid) {
  @Override
  public String toString() {
    return "the owner, " + (pid.isPresent() ? "pid " + pid.getAsLong() : "a process")
        + ", died while it held the lock; what it guards may be half changed";
  }
}
