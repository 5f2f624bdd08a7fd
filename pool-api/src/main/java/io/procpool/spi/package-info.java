// Licensed under the Apache License, Version 2.0; see LICENSE.
/** What a backend implements. Programs do not need it; start at {@link io.procpool.spi.PoolBackend}. */
@NullMarked
package io.procpool.spi;

import org.jspecify.annotations.NullMarked;
