// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.wire.LogRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stands in a log for what was thrown in a worker: its words and its trace, but not its class, which this process may not have. */
final class LoggedFailure extends Throwable {
  private static final long serialVersionUID = 1;

  private LoggedFailure(String text, @Nullable Throwable cause) {
    super(text, cause);
  }

  /** Returns the first of a chain; null if there is none. */
  static @Nullable Throwable of(List<LogRecord.Failure> chain) {
    LoggedFailure next = null;
    for (int i = chain.size() - 1; i >= 0; i--) {
      LogRecord.Failure failure = chain.get(i);
      next = new LoggedFailure(failure.text(), next);
      StackTraceElement[] trace = new StackTraceElement[failure.frames().size()];
      for (int j = 0; j < trace.length; j++) {
        LogRecord.Frame frame = failure.frames().get(j);
        trace[j] = new StackTraceElement(
            frame.className(),
            frame.method(),
            frame.file().isEmpty() ? null : frame.file(),
            frame.line());
      }
      next.setStackTrace(trace);
    }
    return next;
  }

  /** The class is not said: the text begins with that of the original. */
  @Override
  public String toString() {
    return String.valueOf(getMessage());
  }
}
