// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.flight;

import io.procpool.PoolListener.WorkerEvent;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

@Name("procpool.WorkerStart")
@Label("Worker Start")
@Description("A worker is ready for its first task")
@Category({"procpool", "Workers"})
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the recorder
final class WorkerStart extends Event {
  @Label("Pool")
  private String pool = "";

  @Label("Worker")
  private String worker = "";

  @Label("Process")
  private long pid;

  @Label("Start Time Taken")
  @Description("From the spawn of its process")
  @Timespan(Timespan.NANOSECONDS)
  private long startTaken;

  static void commit(WorkerEvent worker, long startNanos) {
    WorkerStart event = new WorkerStart();
    if (event.isEnabled()) {
      event.pool = worker.pool();
      event.worker = worker.worker();
      event.pid = worker.pid();
      event.startTaken = startNanos;
      event.commit();
    }
  }
}
