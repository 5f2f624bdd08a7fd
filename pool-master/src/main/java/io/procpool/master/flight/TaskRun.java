// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.flight;

import io.procpool.PoolListener.WorkerEvent;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

@Name("procpool.Task")
@Label("Task")
@Description(
    "A task, or inputs of a map that travelled together, from when they were given to a worker until the outcome was here")
@Category({"procpool", "Tasks"})
@Threshold("20 ms")
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the recorder
final class TaskRun extends Event {
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

  @Label("Inputs")
  private int inputs;

  @Label("Failed Inputs")
  private int failed;

  @Label("Outcome")
  private String outcome = "";

  @Label("Priority")
  private int priority;

  @Label("Submitter")
  private String submitter = "";

  @Label("Queue Time")
  @Description("From the submission until the worker began")
  @Timespan(Timespan.NANOSECONDS)
  private long queueTime;

  @Label("Run Time")
  @Description("How long the worker was at it")
  @Timespan(Timespan.NANOSECONDS)
  private long runTime;

  static @Nullable TaskRun begun() {
    TaskRun event = new TaskRun();
    if (!event.isEnabled()) {
      return null;
    }
    event.begin();
    return event;
  }

  static void commit(
      TaskRun event, Flight.Task task, WorkerEvent worker, int failed, long runNanos) {
    event.end();
    if (!event.shouldCommit()) {
      return;
    }
    event.pool = worker.pool();
    event.worker = worker.worker();
    event.pid = worker.pid();
    event.taskId = task.taskId();
    event.task = task.name();
    event.inputs = task.inputs();
    event.failed = failed;
    event.outcome = failed == 0 ? "VALUE" : failed == task.inputs() ? "FAILURE" : "SOME_FAILED";
    event.priority = task.priority();
    event.submitter = task.submitter();
    event.queueTime = Math.max(0, System.nanoTime() - runNanos - task.acceptedNanos());
    event.runTime = runNanos;
    event.commit();
  }
}
