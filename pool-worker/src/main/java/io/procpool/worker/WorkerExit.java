// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.SessionDirectory;
import java.io.File;

/** The ways in which a worker ends by itself. */
final class WorkerExit {
  /** Exit value after an OutOfMemoryError, the same as the JVM's own {@code ExitOnOutOfMemoryError}. */
  static final int OUT_OF_MEMORY = 3;

  /** Exit value when the worker could not begin; the reason is on standard error. */
  static final int CANNOT_START = 70;

  private static final int MASTER_GONE = 71;

  private WorkerExit() {}

  /** Ends the process at once because its master is gone; children of tasks go with it, and the session's files. */
  static void masterGone(String sessionPath) {
    try {
      ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
      if (!sessionPath.isEmpty()) {
        SessionDirectory.delete(new File(sessionPath));
      }
    } finally {
      Runtime.getRuntime().halt(MASTER_GONE);
    }
  }
}
