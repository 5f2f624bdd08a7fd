// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import org.jspecify.annotations.Nullable;

/**
 * Ends the command with one line on standard error. The message has the form {@code thing: what; remedy}; it is put on one
 * line where it is printed.
 */
final class CommandException extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;

  private CommandException(int status, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** The command line is wrong. */
  static CommandException usage(String message) {
    return new CommandException(ExitStatus.USAGE, message, null);
  }

  /** The command line is wrong, because of something else. */
  static CommandException usage(String message, Throwable cause) {
    return new CommandException(ExitStatus.USAGE, message, cause);
  }

  /** The jar or the job cannot be loaded. */
  static CommandException notLoaded(String message, @Nullable Throwable cause) {
    return new CommandException(ExitStatus.NOT_LOADED, message, cause);
  }

  /** Something failed on the way. */
  static CommandException failed(String message, @Nullable Throwable cause) {
    return new CommandException(ExitStatus.SOME_FAILED, message, cause);
  }

  /** What another JVM has found, with the status that it has found right. */
  static CommandException of(int status, String message) {
    return new CommandException(status, message, null);
  }

  int status() {
    return status;
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
