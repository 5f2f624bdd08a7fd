// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.RunnableTask;
import io.procpool.master.process.TaskLoaders.Origin;
import java.util.Optional;

/**
 * An initializer or finalizer as it is sent to workers. Immutable.
 *
 * @param bytes nothing if there is none; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares hooks
record Hook(byte[] bytes, Origin origin) {
  private static final Hook NONE = new Hook(new byte[0], Origin.NONE);

  static Hook of(Optional<RunnableTask> task, TaskLoaders loaders) {
    return task.map(given -> new Hook(EncodedFunction.of(given).bytes(), loaders.of(given)))
        .orElse(NONE);
  }
}
