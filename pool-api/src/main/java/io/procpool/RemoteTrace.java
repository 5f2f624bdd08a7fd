// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * The innermost cause of an exception that came from a worker: says where the task ran, and carries the trace as it was
 * printed there.
 */
public final class RemoteTrace extends Exception {
  private static final long serialVersionUID = 1;

  private final String worker;
  private final long pid;
  private final String trace;

  /** Describes where an exception came from. */
  public RemoteTrace(String worker, long pid, long taskId, String trace) {
    super("in " + worker + " (pid " + pid + "), task " + taskId + "\n" + trace, null, false, false);
    this.worker = worker;
    this.pid = pid;
    this.trace = trace;
  }

  /** Returns the name of the worker the task ran in. */
  public String worker() {
    return worker;
  }

  /** Returns the process id of the worker the task ran in. */
  public long pid() {
    return pid;
  }

  /** Returns the trace as the worker printed it. */
  public String trace() {
    return trace;
  }
}
