// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import java.io.InvalidObjectException;
import java.io.ObjectStreamException;

/**
 * The name of a block that any process of the user can open.
 *
 * @param name as the user has given it
 */
record NamedHandle(String name, long generation, long bytes) implements BlockName {
  static final String KIND = "SharedMemory";

  NamedHandle {
    NamedMemory.checkName(name);
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public String describe() {
    return "the " + KIND + " \"" + name + "\" of " + bytes + " bytes";
  }

  private Object readResolve() throws ObjectStreamException {
    try {
      return NamedMemory.INSTANCE.open(this);
    } catch (IllegalStateException e) {
      InvalidObjectException failure = new InvalidObjectException(e.getMessage());
      failure.initCause(e);
      throw failure;
    }
  }
}
