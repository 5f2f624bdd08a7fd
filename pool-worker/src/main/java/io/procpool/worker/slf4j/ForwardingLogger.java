// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker.slf4j;

import io.procpool.worker.LogForwarder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.KeyValuePair;
import org.slf4j.event.Level;
import org.slf4j.event.LoggingEvent;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.spi.LoggingEventAware;
import org.slf4j.spi.MDCAdapter;

/** A logger of a worker whose records go to the master. Safe for use by multiple threads. */
final class ForwardingLogger extends LegacyAbstractLogger implements LoggingEventAware {
  private static final long serialVersionUID = 1;

  private final transient MDCAdapter context;

  ForwardingLogger(String name, MDCAdapter context) {
    this.name = name;
    this.context = context;
  }

  @Override
  public boolean isTraceEnabled() {
    return isOn(Level.TRACE);
  }

  @Override
  public boolean isDebugEnabled() {
    return isOn(Level.DEBUG);
  }

  @Override
  public boolean isInfoEnabled() {
    return isOn(Level.INFO);
  }

  @Override
  public boolean isWarnEnabled() {
    return isOn(Level.WARN);
  }

  @Override
  public boolean isErrorEnabled() {
    return isOn(Level.ERROR);
  }

  private static boolean isOn(Level level) {
    return LogForwarder.isEnabled(number(level));
  }

  private static int number(Level level) {
    return LogForwarder.TRACE + Level.TRACE.ordinal() - level.ordinal();
  }

  @Override
  protected @Nullable String getFullyQualifiedCallerName() {
    return null;
  }

  @Override
  protected void handleNormalizedLoggingCall(
      Level level,
      @Nullable Marker marker,
      @Nullable String message,
      Object @Nullable [] arguments,
      @Nullable Throwable thrown) {
    List<String> markers = marker == null ? List.of() : List.of(marker.getName());
    String text = MessageFormatter.basicArrayFormat(message, arguments);
    send(level, System.currentTimeMillis(), text, markers, thrown);
  }

  @Override
  public void log(LoggingEvent event) {
    List<String> markers = new ArrayList<>();
    if (event.getMarkers() != null) {
      for (Marker marker : event.getMarkers()) {
        markers.add(marker.getName());
      }
    }
    StringBuilder pairs = new StringBuilder();
    if (event.getKeyValuePairs() != null) {
      for (KeyValuePair pair : event.getKeyValuePairs()) {
        pairs.append(pair.key).append('=').append(pair.value).append(' ');
      }
    }
    long time = event.getTimeStamp() > 0 ? event.getTimeStamp() : System.currentTimeMillis();
    String text = MessageFormatter.basicArrayFormat(event.getMessage(), event.getArgumentArray());
    send(event.getLevel(), time, pairs + String.valueOf(text), markers, event.getThrowable());
  }

  private void send(
      Level level,
      long time,
      @Nullable String text,
      List<String> markers,
      @Nullable Throwable thrown) {
    Map<String, String> values = context.getCopyOfContextMap();
    LogForwarder.log(
        number(level), time, name, text, markers, values == null ? Map.of() : values, thrown);
  }
}
