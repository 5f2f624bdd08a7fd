// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;

/** The locks that hold to the contract of {@link ProcessLock}. */
enum LockKind {
  PLAIN,
  REENTRANT,
  OF_SHARED_VALUE,
  WRITE;

  ProcessLock make() {
    return switch (this) {
      case PLAIN -> ProcessLock.create("plain");
      case REENTRANT -> ProcessLock.reentrant("re-entrant");
      case OF_SHARED_VALUE -> SharedInt.create(0).lock();
      case WRITE -> ProcessReadWriteLock.create("read-write").writeLock();
    };
  }

  boolean isReentrant() {
    return this != PLAIN;
  }
}
