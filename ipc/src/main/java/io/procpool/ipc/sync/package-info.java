// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Locks and the like in shared memory. {@link io.procpool.ipc.sync.LockWord} is the lock that all others are made of or guarded by, {@link
 * io.procpool.ipc.sync.Waiting} how a thread waits, {@link io.procpool.ipc.sync.WordWaiter} how it sleeps, {@link
 * io.procpool.ipc.sync.SyncLayout} where everything is. Start at {@link io.procpool.ipc.sync.MappedSynchronizers}.
 */
@NullMarked
package io.procpool.ipc.sync;

import org.jspecify.annotations.NullMarked;
