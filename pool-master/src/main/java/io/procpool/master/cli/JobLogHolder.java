// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The job log, if one was asked for. */
record JobLogHolder(@Nullable JobLog log) implements AutoCloseable {
  static JobLogHolder open(PoolFlags flags, String what) throws CommandException {
    Path path = flags.jobLog;
    return new JobLogHolder(path == null ? null : JobLog.open(path, what, flags.resume));
  }

  @Override
  public void close() {
    if (log != null) {
      log.close();
    }
  }
}
