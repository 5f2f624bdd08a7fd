// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import io.procpool.TaskContext;
import org.jspecify.annotations.Nullable;

/** Where {@link TaskContext#current()} finds the context of a thread. Safe for use by multiple threads. */
public final class TaskContexts {
  private static final ThreadLocal<@Nullable Source> SOURCES = new ThreadLocal<>();

  /** Knows what task a thread runs. */
  public interface Source {
    /** Returns the context of the task that the calling thread runs; null if it runs none. */
    @Nullable
    TaskContext context();
  }

  private TaskContexts() {}

  /** Has a source asked for what the calling thread runs, from now on. Returns the one before, which may be put back. */
  public static @Nullable Source install(@Nullable Source source) {
    Source before = SOURCES.get();
    SOURCES.set(source);
    return before;
  }

  /** Returns the context of the task that the calling thread runs; null if it runs none. */
  public static @Nullable TaskContext current() {
    Source source = SOURCES.get();
    return source == null ? null : source.context();
  }
}
