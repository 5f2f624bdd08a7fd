// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.flight;

import io.procpool.InfrastructureException;
import io.procpool.TaskReport;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

@Name("procpool.TaskLost")
@Label("Task Lost")
@Description("A task failed because of its worker, a limit or the end of its pool")
@Category({"procpool", "Tasks"})
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the recorder
final class TaskLost extends Event {
  @Label("Pool")
  private String pool = "";

  @Label("Worker")
  private @Nullable String worker;

  @Label("Process")
  private long pid = -1;

  @Label("Task Number")
  private long taskId;

  @Label("Name")
  private String task = "";

  @Label("Attempt")
  private int attempt = 1;

  @Label("Failure")
  private String failure = "";

  @Label("Certainty")
  @Description("Whether the task may have run")
  private @Nullable String certainty;

  @Label("Message")
  private @Nullable String message;

  @Label("Run Time")
  @Timespan(Timespan.NANOSECONDS)
  private long runTime;

  static void commit(
      String pool, long taskId, String task, Throwable failure, @Nullable TaskReport report) {
    TaskLost event = new TaskLost();
    if (!event.isEnabled()) {
      return;
    }
    event.pool = pool;
    event.taskId = taskId;
    event.task = task;
    event.failure = failure.getClass().getSimpleName();
    event.message = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    if (failure instanceof InfrastructureException infrastructure) {
      event.certainty = infrastructure.certainty().name();
    }
    if (report != null) {
      event.worker = report.worker();
      event.pid = report.pid();
      event.attempt = report.attempt();
      event.runTime = report.runTime().toNanos();
    }
    event.commit();
  }
}
