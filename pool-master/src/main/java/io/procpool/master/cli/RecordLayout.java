// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.LayoutBase;
import java.util.Map;

/** How log records look on the command's standard error: its own as all its lines, those of workers with worker, task, logger and whole trace. Made by Logback. */
public final class RecordLayout extends LayoutBase<ILoggingEvent> {
  private final PatternLayout own = new PatternLayout();

  @Override
  public void start() {
    own.setContext(getContext());
    own.setPattern("pool-master: %-5level %msg%n%rEx{3}");
    own.start();
    super.start();
  }

  @Override
  public String doLayout(ILoggingEvent event) {
    Map<String, String> context = event.getMDCPropertyMap();
    return WorkerRecordFilter.isOfWorker(context) ? ofWorker(event, context) : own.doLayout(event);
  }

  private static String ofWorker(ILoggingEvent event, Map<String, String> context) {
    String task = context.get("procpool.task");
    StringBuilder text = new StringBuilder();
    text.append('[').append(context.get("procpool.pool")).append('/');
    text.append(context.get("procpool.worker"));
    text.append(task == null ? "" : " task " + task).append("] ");
    text.append(event.getLevel()).append(event.getLevel().toString().length() < 5 ? "  " : " ");
    text.append(event.getLoggerName()).append(" - ");
    text.append(event.getFormattedMessage()).append('\n');
    String before = "";
    for (IThrowableProxy thrown = event.getThrowableProxy();
        thrown != null;
        thrown = thrown.getCause()) {
      text.append(before).append(thrown.getMessage()).append('\n');
      for (StackTraceElementProxy frame : thrown.getStackTraceElementProxyArray()) {
        text.append('\t').append(frame.getSTEAsString()).append('\n');
      }
      before = "Caused by: ";
    }
    return text.toString();
  }
}
