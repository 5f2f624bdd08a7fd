// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import io.procpool.spi.SharedBlock;
import io.procpool.spi.SharedStore;

/** Shared memory in mapped files of this process's session. */
public final class MappedStore implements SharedStore {
  @Override
  public SharedBlock allocate(String kind, long bytes) {
    return Session.current().allocate(kind, bytes);
  }

  @Override
  public SharedBlock create(String name, long bytes) {
    return NamedMemory.INSTANCE.create(name, bytes);
  }

  @Override
  public SharedBlock open(String name) {
    return NamedMemory.INSTANCE.open(name);
  }
}
