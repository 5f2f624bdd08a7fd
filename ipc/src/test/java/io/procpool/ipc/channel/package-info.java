// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of rings and of who holds the ends of a pipe; those of queues and pipes are with the pool, between processes. */
@NullMarked
package io.procpool.ipc.channel;

import org.jspecify.annotations.NullMarked;
