// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.RetryPolicy;
import io.procpool.TaskOptions;
import org.jspecify.annotations.Nullable;

/**
 * What holds for each item of works that are submitted alike, in the form in which it is asked for. Made once for all of them: there may be millions.
 *
 * @param options where the rest is from, the pool's defaults filled in
 * @param priority what has a higher one goes first
 * @param submitter name of who submits; empty if that is not said
 * @param retryPolicy how items are run again; null if they never are
 */
record Terms(
    TaskOptions options,
    Limits limits,
    int priority,
    String submitter,
    @Nullable String key,
    @Nullable RetryPolicy retryPolicy) {

  static Terms of(TaskOptions options) {
    return new Terms(
        options,
        Limits.of(options),
        options.priority().orElse(0),
        options.submitter().orElse(""),
        options.key().orElse(null),
        options.retries().filter(policy -> policy.retries() > 0).orElse(null));
  }

  /** Tells whether there is neither a priority nor a submitter. */
  boolean isPlain() {
    return priority == 0 && submitter.isEmpty();
  }
}
