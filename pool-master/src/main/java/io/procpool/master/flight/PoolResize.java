// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.flight;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

@Name("procpool.PoolResize")
@Label("Pool Resize")
@Category({"procpool", "Workers"})
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the recorder
final class PoolResize extends Event {
  @Label("Pool")
  private String pool = "";

  @Label("Smallest Number of Workers")
  private int minWorkers;

  @Label("Largest Number of Workers")
  private int maxWorkers;

  static void commit(String pool, int minWorkers, int maxWorkers) {
    PoolResize event = new PoolResize();
    if (event.isEnabled()) {
      event.pool = pool;
      event.minWorkers = minWorkers;
      event.maxWorkers = maxWorkers;
      event.commit();
    }
  }
}
