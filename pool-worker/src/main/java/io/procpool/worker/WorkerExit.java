// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.SessionDirectory;
import io.procpool.ipc.memory.Session;
import java.io.File;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/** The ways in which a worker or child ends by itself. */
final class WorkerExit {
  /** Exit value after an OutOfMemoryError, the same as the JVM's own {@code ExitOnOutOfMemoryError}. */
  static final int OUT_OF_MEMORY = 3;

  /** Exit value when the worker could not begin; the reason is on standard error. */
  static final int CANNOT_START = 70;

  private static final int DISCONNECTED = 71;
  private static final int LOCK_TRIES = 20;
  private static final long LOCK_TRY_NANOS = 5_000_000;

  private static volatile String recordings = "";

  private WorkerExit() {}

  /** Names a directory of the master's that goes with the session. */
  static void alsoRemove(String directory) {
    recordings = directory;
  }

  /**
   * Ends the process at once because it has lost its connection to the master. Children of tasks go with it; so do the
   * session's files, if the master is really gone. Then nobody asks for the exit value, and the process is killed, too: a
   * JVM that halts waits 300 ms for a task in native code.
   */
  static void disconnected(String sessionPath) {
    try {
      ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
      if (!sessionPath.isEmpty()) {
        File session = new File(sessionPath);
        for (int i = 0; i < LOCK_TRIES; i++) {
          if (SessionDirectory.deleteIfAbandoned(session)) {
            Session.deleteIfAbandoned();
            if (!recordings.isEmpty()) {
              SessionDirectory.deleteIfAbandoned(new File(recordings));
            }
            killThisProcess();
            break;
          }
          // The master's connection ends a moment before its lock.
          LockSupport.parkNanos(LOCK_TRY_NANOS);
        }
      }
    } finally {
      Runtime.getRuntime().halt(DISCONNECTED);
    }
  }

  /** Says why the process cannot begin, and ends it. */
  static void cannotStart(Throwable failed) {
    System.err.println("procpool worker cannot start: " + failed);
    failed.printStackTrace();
    System.err.flush();
    Runtime.getRuntime().halt(failed instanceof OutOfMemoryError ? OUT_OF_MEMORY : CANNOT_START);
  }

  /** Lets another process kill this one; a process cannot send SIGKILL to itself in Java. */
  private static void killThisProcess() {
    try {
      new ProcessBuilder("kill", "-9", Long.toString(ProcessHandle.current().pid())).start();
    } catch (IOException noSuchCommand) {
      // Then the halt has to do.
    }
  }
}
