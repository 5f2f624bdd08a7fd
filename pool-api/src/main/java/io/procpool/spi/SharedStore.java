// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import java.util.Iterator;
import java.util.ServiceLoader;

/** Where shared memory comes from; found with {@link ServiceLoader}. Implementations are safe for use by multiple threads. */
public interface SharedStore {
  /**
   * Makes a block of this session, filled with zeros.
   *
   * @param kind what it will hold, such as {@code SharedInt}; a handle of another kind cannot be made of it
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  SharedBlock allocate(String kind, long bytes);

  /**
   * Makes a block under a name by which any process of the user can open it, filled with zeros.
   *
   * @throws IllegalArgumentException if that cannot be a name
   * @throws IllegalStateException if the name is in use
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  SharedBlock create(String name, long bytes);

  /**
   * Opens a block by its name.
   *
   * @throws IllegalArgumentException if that cannot be a name
   * @throws IllegalStateException if there is none
   */
  SharedBlock open(String name);

  /** Returns the store of this process. */
  static SharedStore installed() {
    return Installed.STORE;
  }

  /** Finds it when it is first asked for. */
  final class Installed {
    private static final SharedStore STORE = find();

    private Installed() {}

    private static SharedStore find() {
      Iterator<SharedStore> found = ServiceLoader.load(
              SharedStore.class, SharedStore.class.getClassLoader())
          .iterator();
      if (!found.hasNext()) {
        throw new IllegalStateException(
            "no shared memory is on the class path; add the artifact io.procpool:procpool-ipc");
      }
      return found.next();
    }
  }
}
