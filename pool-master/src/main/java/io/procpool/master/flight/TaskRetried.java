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

@Name("procpool.TaskRetried")
@Label("Task Retried")
@Description(
    "An attempt of a task failed because of its worker or a limit, and the task is run again")
@Category({"procpool", "Tasks"})
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the recorder
final class TaskRetried extends Event {
  @Label("Pool")
  private String pool = "";

  @Label("Worker")
  private String worker = "";

  @Label("Process")
  private long pid;

  @Label("Task Number")
  private long taskId;

  @Label("Name")
  private String task = "";

  @Label("Attempt")
  @Description("Number of the attempt that failed, from 1")
  private int attempt;

  @Label("Cause")
  @Description("Why it failed, as retry policies name it")
  private String cause = "";

  @Label("Message")
  private String message = "";

  @Label("Delay")
  @Description("From now until the next attempt may begin")
  @Timespan(Timespan.NANOSECONDS)
  private long delay;

  static void commit(Flight.Retry retry, WorkerEvent worker) {
    TaskRetried event = new TaskRetried();
    if (event.isEnabled()) {
      event.pool = worker.pool();
      event.worker = worker.worker();
      event.pid = worker.pid();
      event.taskId = retry.taskId();
      event.task = retry.name();
      event.attempt = retry.attempt();
      event.cause = retry.cause();
      event.message = retry.message();
      event.delay = retry.delayNanos();
      event.commit();
    }
  }
}
