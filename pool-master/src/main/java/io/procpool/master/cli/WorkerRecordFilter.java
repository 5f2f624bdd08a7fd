// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.slf4j.Marker;

/** Lets every record of a worker through, because workers send only what was asked for; the command's own have their level. Made by Logback. */
public final class WorkerRecordFilter extends TurboFilter {
  private static final String WORKER = "procpool.worker";

  static boolean isOfWorker(Map<String, String> context) {
    return context.containsKey(WORKER);
  }

  @Override
  public FilterReply decide(
      @Nullable Marker marker,
      Logger logger,
      Level level,
      @Nullable String format,
      Object @Nullable [] params,
      @Nullable Throwable thrown) {
    return MDC.get(WORKER) == null ? FilterReply.NEUTRAL : FilterReply.ACCEPT;
  }
}
