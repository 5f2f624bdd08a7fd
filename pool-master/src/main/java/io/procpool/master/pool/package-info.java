// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * What all backends share: {@code TaskPool} implements the public interface on top of an {@code Engine}, which runs
 * {@code Work} (one function, n inputs) and reports {@code ResultBlock}s. Start at {@code TaskPool}.
 */
@NullMarked
package io.procpool.master.pool;

import org.jspecify.annotations.NullMarked;
