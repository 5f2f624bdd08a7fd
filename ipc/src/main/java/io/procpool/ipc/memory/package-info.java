// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Memory that the processes of a session share: mapped files in the session's private directory. {@link
 * io.procpool.ipc.memory.Session} says where, {@link io.procpool.ipc.memory.Arena} holds small blocks, {@link
 * io.procpool.ipc.memory.BlockFile} one large one. Start at {@link io.procpool.ipc.memory.MappedStore}.
 */
@NullMarked
package io.procpool.ipc.memory;

import org.jspecify.annotations.NullMarked;
