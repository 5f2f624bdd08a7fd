// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A value that each worker gets once; made by {@link Pool#share}. A handle, to be captured by tasks or passed to them: what travels with a task is a name of some bytes.
 *
 * <pre>{@code
 * try (Shared<Model> model = pool.share(load())) {
 *   pool.map(image -> model.get().classify(image), images);
 * }
 * }</pre>
 *
 * <p><b>Copies.</b> The value is encoded when it is shared: later changes are not seen. Each worker process decodes it when {@link #get} is first called there and keeps that copy, which
 * all tasks of this worker see, and which they must not change. A worker that comes later, or in place of one that has died, decodes it for itself. Where it was shared {@link #get} returns the
 * value itself.
 *
 * <p><b>Life.</b> The encoded value takes shared memory until {@link #close}, or until the handle is unreachable and no task that names it is under way; then workers drop their copies,
 * too. A task that first asks for it after {@link #close} fails with an {@link IllegalStateException}, or with an {@link UndecodableTaskException} if it has not even begun. The end of the pool does not close it, and other pools of this process
 * can use it, too; workers of those keep their copy until they end.
 *
 * <p>Safe for use by multiple threads.
 *
 * @param <T> type of the value
 */
public interface Shared<T extends @Nullable Object> extends Serializable, AutoCloseable {
  /**
   * Returns the value. Decodes it, if this process has not done so before; other threads wait for that.
   *
   * @throws IllegalStateException if it is closed, or cannot be decoded here
   */
  T get();

  /** Gives the memory back and has the workers drop their copies. In a worker: drops the handle, nothing else. A second call has no effect. */
  @Override
  void close();
}
