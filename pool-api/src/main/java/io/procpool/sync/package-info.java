// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Locks, semaphores, conditions, events, barriers and latches between processes, and between the threads of one alike. A handle that a
 * task captures, gets as an argument or returns is the same lock there. What a dead process held is found out and given on. They have their place in the shared memory of a session, or in the server of a {@link
 * io.procpool.manager.Manager}. Start
 * at {@link io.procpool.sync.ProcessLock}.
 */
@NullMarked
package io.procpool.sync;

import org.jspecify.annotations.NullMarked;
