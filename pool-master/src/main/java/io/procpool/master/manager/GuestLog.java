// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What clients do wrong, for people; so that no client can fill the log. For the event loop alone. */
final class GuestLog {
  private static final Logger LOG = LoggerFactory.getLogger(GuestLog.class);
  static final int LINES = 5;
  static final long WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final String server;
  private final LongSupplier clock;
  private long windowStart;
  private int lines; // in this window, written or not

  GuestLog(String server, LongSupplier clock) {
    this.server = server;
    this.clock = clock;
    this.windowStart = clock.getAsLong();
  }

  /** Writes a line, if there were not {@value #LINES} within this minute; otherwise it is counted. */
  void warn(String what) {
    long now = clock.getAsLong();
    if (now - windowStart >= WINDOW_NANOS) {
      if (lines > LINES) {
        LOG.warn("manager {}: {} more like these were not logged", server, lines - LINES);
      }
      windowStart = now;
      lines = 0;
    }
    if (++lines <= LINES) {
      LOG.warn(
          "manager {}: {}{}",
          server,
          what,
          lines == LINES ? "; more within this minute will only be counted" : "");
    }
  }
}
