// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * A process's side of managers: the connection to a server ({@link io.procpool.ipc.manager.ManagerClient}), which managers it knows, and the handles that users have
 * of what is there. The server is in {@code io.procpool.master.manager}.
 */
@NullMarked
package io.procpool.ipc.manager;

import org.jspecify.annotations.NullMarked;
