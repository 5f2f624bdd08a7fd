// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

/**
 * The thread that runs tasks. An interrupt reaches it only while user code runs: at any other time it could be in an
 * operation of the channel, which an interrupt would close. Its own methods are for itself; interrupts come from any thread.
 */
final class TaskThread extends Thread {
  private final Object guard = new Object();
  private boolean interruptible; // guarded by guard
  private boolean deferred; // guarded by guard

  TaskThread(Runnable body) {
    super(body, "procpool-task");
    setDaemon(false);
  }

  @Override
  public void interrupt() {
    synchronized (guard) {
      if (interruptible) {
        super.interrupt();
      } else {
        deferred = true;
      }
    }
  }

  /** User code is about to begin: interrupts from before are forgotten, it gets those that come from now on. */
  void expectUserCode() {
    synchronized (guard) {
      deferred = false;
    }
  }

  /** User code goes on with something else: an interrupt that has come is forgotten. */
  void forgetInterrupt() {
    synchronized (guard) {
      deferred = false;
      Thread.interrupted();
    }
  }

  /** User code ends; an interrupt it has left is forgotten. */
  void endUserCode() {
    synchronized (guard) {
      interruptible = false;
      Thread.interrupted();
    }
  }

  /** User code pauses for an operation of the channel. */
  void pauseUserCode() {
    synchronized (guard) {
      interruptible = false;
      deferred = Thread.interrupted();
    }
  }

  /** User code begins or goes on, and gets an interrupt that has come in the meantime. */
  void resumeUserCode() {
    synchronized (guard) {
      interruptible = true;
      if (deferred) {
        deferred = false;
        super.interrupt();
      }
    }
  }
}
