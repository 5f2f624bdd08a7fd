// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Holds tasks up until the master lets them go on, in whichever process they run: a file that is there while the gate is
 * closed. A task captures a gate like any value; only the master closes it. Safe for use by multiple threads.
 */
record Gate(String file) implements Serializable, AutoCloseable {
  private static final long POLL_MILLIS = 2;

  /** Makes a gate that is closed for tasks. */
  static Gate shut() throws IOException {
    return new Gate(Files.createTempFile("gate-", null).toString());
  }

  /** Waits, in a task, until the gate is open. */
  void await() throws InterruptedException {
    while (Files.exists(Path.of(file))) {
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** Lets all tasks through, now and later. */
  void open() throws IOException {
    Files.deleteIfExists(Path.of(file));
  }

  /** Opens the gate, so that no task waits for a master that has left. */
  @Override
  public void close() throws IOException {
    open();
  }
}
