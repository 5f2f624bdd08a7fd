// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.nio.charset.Charset;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** Logs each line, with some keys in the diagnostic context. For one thread. */
public final class LineLogger extends LineCutter {
  private static final Charset CHARSET = charset();
  private static final String MARK_OF_REST = "(continued) ";

  private final Logger logger;
  private final Level level;
  private final Map<String, String> context;

  /**
   * Logs to a logger.
   *
   * @param context what the diagnostic context has while a line is logged
   */
  public LineLogger(Logger logger, Level level, Map<String, String> context) {
    this.logger = logger;
    this.level = level;
    this.context = Map.copyOf(context);
  }

  /** What a JVM without other orders prints in. */
  private static Charset charset() {
    try {
      return Charset.forName(System.getProperty("native.encoding"));
    } catch (IllegalArgumentException unknown) {
      return Charset.defaultCharset();
    }
  }

  @Override
  void line(byte[] bytes, int length, boolean continued) {
    if (!logger.isEnabledForLevel(level)) {
      return;
    }
    int end = length > 0 && bytes[length - 1] == '\r' ? length - 1 : length;
    String text = new String(bytes, 0, end, CHARSET);
    context.forEach(MDC::put);
    try {
      // As an argument, because it may have braces.
      logger.atLevel(level).log("{}", continued ? MARK_OF_REST + text : text);
    } finally {
      context.keySet().forEach(MDC::remove);
    }
  }

  @Override
  void flush() {}
}
