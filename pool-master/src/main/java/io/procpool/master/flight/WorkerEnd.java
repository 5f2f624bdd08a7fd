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

@Name("procpool.WorkerEnd")
@Label("Worker End")
@Description("A worker is gone")
@Category({"procpool", "Workers"})
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the recorder
final class WorkerEnd extends Event {
  @Label("Pool")
  private String pool = "";

  @Label("Worker")
  private String worker = "";

  @Label("Process")
  private long pid;

  @Label("How")
  @Description("RETIRED as planned, CRASHED or killed, or NOT_STARTED: it never was ready")
  private String how = "";

  @Label("Reason")
  private String reason = "";

  @Label("Exit Value")
  private int exitValue;

  @Label("Age")
  @Timespan(Timespan.NANOSECONDS)
  private long age;

  @Label("Tasks")
  private long tasks;

  static void commit(
      WorkerEvent worker, String how, String reason, int exitValue, long ageNanos, long tasks) {
    WorkerEnd event = new WorkerEnd();
    if (event.isEnabled()) {
      event.pool = worker.pool();
      event.worker = worker.worker();
      event.pid = worker.pid();
      event.how = how;
      event.reason = reason;
      event.exitValue = exitValue;
      event.age = ageNanos;
      event.tasks = tasks;
      event.commit();
    }
  }
}
