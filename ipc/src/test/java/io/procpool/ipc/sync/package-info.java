// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of what waits in shared memory; those of locks and the like are with the pool, between processes. */
@NullMarked
package io.procpool.ipc.sync;

import org.jspecify.annotations.NullMarked;
