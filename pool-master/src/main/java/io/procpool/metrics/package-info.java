// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Pools as meters of Micrometer. Needs {@code io.micrometer:micrometer-core} on the class path, which procpool does not bring. Start at {@code PoolMetrics}. */
@NullMarked
package io.procpool.metrics;

import org.jspecify.annotations.NullMarked;
