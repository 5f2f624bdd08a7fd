// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds classes with several loaders, one after the other; has none of its own. Safe for use by multiple threads. */
final class OriginLoader extends ClassLoader {
  static {
    registerAsParallelCapable();
  }

  private final List<ClassLoader> next;

  private OriginLoader(ClassLoader first, List<ClassLoader> next) {
    super(first);
    this.next = next;
  }

  /** Returns what finds the classes of a submission: the function's loader, then its others, then the context class loader of this thread. */
  static ClassLoader of(@Nullable ClassLoader own, List<ClassLoader> others) {
    ClassLoader first = own == null ? ClassLoader.getSystemClassLoader() : own;
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (others.isEmpty() && (context == first || TaskLoaders.isPlain(context))) {
      return first;
    }
    List<ClassLoader> all = new ArrayList<>(others);
    if (context != null) {
      all.add(context);
    }
    List<ClassLoader> next = new ArrayList<>();
    for (ClassLoader loader : all) {
      if (TaskLoaders.isAncestor(first, loader) && !TaskLoaders.mayHide(loader)) {
        first = loader; // it knows the same, and more
      } else if (!TaskLoaders.isAncestor(loader, first) && !next.contains(loader)) {
        next.add(loader);
      }
    }
    return next.isEmpty() ? first : new OriginLoader(first, next);
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    for (ClassLoader loader : next) {
      try {
        return loader.loadClass(name);
      } catch (ClassNotFoundException notHere) {
        // Then in the next one.
      }
    }
    throw new ClassNotFoundException(name);
  }
}
