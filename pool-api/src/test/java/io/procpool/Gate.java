// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Holds tasks, in any process, until the test opens it. Safe for use by multiple threads and processes. */
public final class Gate implements Serializable {
  private static final long serialVersionUID = 1;
  private static final long POLL_MILLIS = 2;

  private final String openFile;
  private final Journal entered;
  private final Journal interrupted;

  Gate(Path directory) {
    openFile = directory.resolve("open").toString();
    entered = new Journal(directory.resolve("entered"));
    interrupted = new Journal(directory.resolve("interrupted"));
  }

  /** Waits, in the task, until the gate is open. */
  public void pass() throws InterruptedException {
    entered.add(ProcessHandle.current().pid());
    try {
      while (!Files.exists(Path.of(openFile))) {
        Thread.sleep(POLL_MILLIS);
      }
    } catch (InterruptedException e) {
      interrupted.add("");
      throw e;
    }
  }

  /** As {@link #pass()}, whatever interrupts come. */
  public void passUninterruptibly() {
    entered.add(ProcessHandle.current().pid());
    while (!Files.exists(Path.of(openFile))) {
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        interrupted.add("");
      }
    }
  }

  /** Lets everybody pass. */
  public void open() {
    try {
      if (!Files.exists(Path.of(openFile))) {
        Files.writeString(Path.of(openFile), "");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns how many tasks have come to the gate. */
  public int entered() {
    return entered.lines().size();
  }

  /** Waits until this many tasks have come to the gate. */
  public void awaitEntered(int tasks) {
    await().atMost(Times.LONG).until(() -> entered() >= tasks);
  }

  /** Waits until a task was interrupted at the gate. */
  public void awaitInterrupted() {
    await().atMost(Times.LONG).until(() -> !interrupted.lines().isEmpty());
  }

  /** Tells whether a task was interrupted at the gate. */
  public boolean wasInterrupted() {
    return !interrupted.lines().isEmpty();
  }
}
