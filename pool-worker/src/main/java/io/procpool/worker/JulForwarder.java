// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import java.util.List;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** Takes what is logged through java.util.logging, where System.Logger ends by default. Safe for use by multiple threads. */
final class JulForwarder extends Handler {
  private static final Level[] LEAST = {
    Level.FINEST, Level.FINE, Level.INFO, Level.WARNING, Level.SEVERE
  };

  private final Formatter formatter = new SimpleFormatter();

  private JulForwarder() {}

  /** Takes the place of the root logger's handlers, and has it let through what is wanted. */
  static void install(int threshold) {
    Logger root = LogManager.getLogManager().getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    Level least = LEAST[threshold - LogForwarder.TRACE];
    root.setLevel(least);
    root.addHandler(new JulForwarder());
  }

  @Override
  public void publish(LogRecord record) {
    int level = level(record.getLevel());
    if (record.getLevel() == Level.OFF || !LogForwarder.isEnabled(level)) {
      return;
    }
    String logger = record.getLoggerName();
    LogForwarder.log(
        level,
        record.getMillis(),
        logger == null ? "" : logger,
        formatter.formatMessage(record),
        List.of(),
        Map.of(),
        record.getThrown());
  }

  private static int level(Level level) {
    int found = LogForwarder.TRACE;
    for (int i = 1; i < LEAST.length; i++) {
      if (level.intValue() >= LEAST[i].intValue()) {
        found = LogForwarder.TRACE + i;
      }
    }
    return found;
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
