// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import java.util.List;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** Opens pools of one kind; found with {@link ServiceLoader}. Implementations are safe for use by multiple threads. */
public interface PoolBackend {
  /** Returns the name by which {@link PoolOptions#backend()} chooses this backend, such as {@code processes}. */
  String name();

  /**
   * Opens a pool.
   *
   * @throws IllegalArgumentException naming each option that this backend cannot honour, and why
   */
  Pool open(PoolOptions options);

  /**
   * Finds a backend by its name.
   *
   * @throws IllegalArgumentException if there is none of that name; the message lists those there are
   */
  static PoolBackend named(String name) {
    TreeMap<String, PoolBackend> found = new TreeMap<>();
    for (ClassLoader loader :
        new ClassLoader[] {PoolBackend.class.getClassLoader(), contextLoader()}) {
      for (PoolBackend backend : ServiceLoader.load(PoolBackend.class, loader)) {
        found.putIfAbsent(backend.name(), backend);
      }
    }
    PoolBackend backend = found.get(name);
    if (backend == null) {
      throw new IllegalArgumentException(
          found.isEmpty()
              ? "no pool backend is on the class path; add the artifact io.procpool:procpool-master"
              : "backend: \"" + name + "\" (expected one of " + List.copyOf(found.keySet()) + ")");
    }
    return backend;
  }

  private static ClassLoader contextLoader() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return context != null ? context : ClassLoader.getSystemClassLoader();
  }
}
