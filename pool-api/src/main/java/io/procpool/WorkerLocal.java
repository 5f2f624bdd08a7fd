// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.spi.WorkerScope;
import java.io.Serializable;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An object that each worker has one of: a parser, a connection, a model. A handle, to be captured by tasks; every copy of it stands for the same object of the worker that it is used
 * in.
 *
 * <pre>{@code
 * WorkerLocal<Parser> parser = WorkerLocal.of(Parser::new);
 * pool.map(line -> parser.get().parse(line), lines);
 * }</pre>
 *
 * <p><b>Life.</b> The object is made when a task of the worker first calls {@link #get}, and is kept until the worker ends. If that is planned (the pool is closed, the worker retired), an
 * object that is {@link AutoCloseable} is closed then, the one made last first, within the {@linkplain PoolOptions#gracePeriod grace period}; a failure is written to standard error. A worker that dies or is killed closes
 * nothing, and the next one makes its own. To send tasks to the same object again and again give them a {@link TaskOptions#key}; to reach all of them there is {@link Pool#broadcast}.
 *
 * <p><b>Threads.</b> In a worker process all threads see the same object; on the backend {@code threads} each worker thread has its own, which threads that a task has started do not see. On {@code inline} there is one
 * for the pool, and tasks of several callers may use it at the same time.
 *
 * <p>The handle is safe for use by multiple threads.
 *
 * @param <T> type of the object
 */
public final class WorkerLocal<T extends @Nullable Object> implements Serializable {
  private static final long serialVersionUID = 1;

  private final UUID id;
  private final Task<T> factory;

  private WorkerLocal(UUID id, Task<T> factory) {
    this.id = id;
    this.factory = factory;
  }

  /** Returns a handle of a new kind of object; nothing is made yet. */
  public static <T extends @Nullable Object> WorkerLocal<T> of(Task<T> factory) {
    return new WorkerLocal<>(UUID.randomUUID(), Objects.requireNonNull(factory, "factory"));
  }

  /**
   * Returns the object of this worker; makes it if there is none yet, while other threads that ask for it wait. An unchecked exception of the factory is thrown as it is; the next call tries again.
   *
   * @throws IllegalStateException if this is no worker, the factory calls this method, or it throws a checked exception, which is the cause
   */
  @SuppressWarnings({"unchecked", "NullAway"}) // one id, one type
  public T get() {
    return (T) WorkerScope.current().get(id, factory);
  }
}
