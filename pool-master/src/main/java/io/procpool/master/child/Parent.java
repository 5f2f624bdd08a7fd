// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import io.procpool.ParentProcess;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The process that has started this one. Immutable. */
record Parent(String name, long pid) implements ParentProcess {
  private static final long TICK_NANOS = 10_000_000;

  @Override
  public boolean isAlive() {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  /** Looks from time to time: the JDK tells only of the end of processes it has started, without occupying a thread. */
  @Override
  public boolean join(Duration timeout) throws InterruptedException {
    long nanos = JvmChild.nanos(timeout);
    long start = System.nanoTime();
    while (isAlive()) {
      long left = nanos - (System.nanoTime() - start);
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.sleep(Math.min(left, TICK_NANOS));
    }
    return true;
  }

  @Override
  public String toString() {
    return "ParentProcess[" + name + ", pid " + pid + "]";
  }
}
