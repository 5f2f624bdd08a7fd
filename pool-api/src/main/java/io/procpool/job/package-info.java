// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Jobs for the {@code pool-master} command. Start at {@link io.procpool.job.Job}. */
@NullMarked
package io.procpool.job;

import org.jspecify.annotations.NullMarked;
