// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.io.Serializable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a handle calls: an object of a server, or a part of it. */
interface Remote extends Serializable {
  /** Does something with it; as {@link ManagerClient#call}. */
  @Nullable
  Object call(String operation, @Nullable Object... arguments);

  /** Does something with it; as {@link ManagerClient#callAsync}. */
  <T extends @Nullable Object> CompletableFuture<T> callAsync(
      String operation, @Nullable Object... arguments);

  /** As {@link #call}, for what returns a list, which may come in pages. */
  Pages.Page page(String operation, @Nullable Object... arguments);

  /** As {@link #call}, for what returns a truth value. */
  default boolean callBoolean(String operation, @Nullable Object... arguments) {
    return Boolean.TRUE.equals(call(operation, arguments));
  }

  /** As {@link #call}, for what returns a number. */
  default int callInt(String operation, @Nullable Object... arguments) {
    return call(operation, arguments) instanceof Integer number ? number : 0;
  }
}
