// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/**
 * More changes waited for a {@link ChangeListener} than may. Its subscription has ended; it has been told what happened up to then, and nothing later. The object and the
 * manager are as usable as before: the listener, or a faster one, can be added again, and reads anew what the object holds.
 */
public final class SlowListenerException extends ManagerException {
  private static final long serialVersionUID = 1;

  private final long waitingChanges;
  private final long waitingBytes;

  /** Says what waited. */
  public SlowListenerException(String message, long waitingChanges, long waitingBytes) {
    super(message);
    this.waitingChanges = waitingChanges;
    this.waitingBytes = waitingBytes;
  }

  /** Returns how many changes waited. */
  public long waitingChanges() {
    return waitingChanges;
  }

  /** Returns how many bytes they had in serialized form. */
  public long waitingBytes() {
    return waitingBytes;
  }
}
