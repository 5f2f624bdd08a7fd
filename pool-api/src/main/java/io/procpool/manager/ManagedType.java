// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.Objects;

/**
 * A type of the user's own, of which a server makes objects. Immutable; safe for use by multiple threads.
 *
 * @param name what clients ask for
 * @param interfaceType what they can do with an object: the methods of this interface
 * @param factory makes an object, in the server
 * @param <T> the interface
 */
public record ManagedType<T>(
    String name, Class<T> interfaceType, ServerFunctions.Factory<? extends T> factory)
    implements Serializable {
  /** Checks the arguments. */
  public ManagedType {
    if (name.isBlank()) {
      throw new IllegalArgumentException("name: \"" + name + "\" (expected: not blank)");
    }
    if (!interfaceType.isInterface()) {
      throw new IllegalArgumentException(
          "interfaceType: " + interfaceType.getName() + " (expected: an interface)");
    }
    Objects.requireNonNull(factory, "factory");
  }
}
