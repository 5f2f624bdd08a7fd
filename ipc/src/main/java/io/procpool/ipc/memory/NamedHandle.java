// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import java.io.InvalidObjectException;
import java.io.ObjectStreamException;

/** The name of a block that any process of the user can open. Immutable; why it is no record, {@link BlockHandle} says. */
final class NamedHandle implements BlockName {
  static final String KIND = "SharedMemory";

  private static final long serialVersionUID = 1;

  private final String name;
  private final long generation;
  private final long bytes;

  /**
   * Names a block.
   *
   * @param name as the user has given it
   * @param generation which of the blocks that have had that name
   * @param bytes size without header
   * @throws IllegalArgumentException if it cannot be a name
   */
  NamedHandle(String name, long generation, long bytes) {
    NamedMemory.checkName(name);
    this.name = name;
    this.generation = generation;
    this.bytes = bytes;
  }

  String name() {
    return name;
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public long generation() {
    return generation;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public String describe() {
    return "the " + KIND + " \"" + name + "\" of " + bytes + " bytes";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NamedHandle that
        && generation == that.generation
        && bytes == that.bytes
        && name.equals(that.name);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Long.hashCode(generation);
  }

  private Object readResolve() throws ObjectStreamException {
    try {
      NamedMemory.checkName(name);
      return NamedMemory.INSTANCE.open(this);
    } catch (IllegalArgumentException | IllegalStateException e) {
      InvalidObjectException failure = new InvalidObjectException(e.getMessage());
      failure.initCause(e);
      throw failure;
    }
  }
}
