// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
    return make(Home.SHARED_MEMORY);
  }

  /** Makes one; skips the test if there are none there. */
  ProcessLock make(Home home) {
    assumeTrue(home.isSharedMemory() || this == PLAIN || this == REENTRANT);
    return switch (this) {
      case PLAIN -> home.lock();
      case REENTRANT -> home.reentrantLock();
      case OF_SHARED_VALUE -> SharedInt.create(0).lock();
      case WRITE -> ProcessReadWriteLock.create("read-write").writeLock();
    };
  }

  boolean isReentrant() {
    return this != PLAIN;
  }
}
