// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

/** The exit statuses of the command. */
final class ExitStatus {
  /** Everything is done. */
  static final int DONE = 0;
  /** Some inputs failed; they are listed. */
  static final int SOME_FAILED = 1;
  /** The command line is wrong. */
  static final int USAGE = 2;
  /** The jar or the job cannot be loaded. */
  static final int NOT_LOADED = 3;
  /** Ended by Ctrl-C. After SIGTERM the JVM itself makes it 143. */
  static final int INTERRUPTED = 130;
  /** What the JVM makes of SIGTERM. */
  static final int TERMINATED = 143;
  /** Whoever reads the results has closed the pipe: what a shell reports of a filter that SIGPIPE has ended. */
  static final int PIPE_CLOSED = 141;

  private ExitStatus() {}
}
