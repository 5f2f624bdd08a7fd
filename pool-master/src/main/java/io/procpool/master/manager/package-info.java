// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The server of a manager: {@link io.procpool.master.manager.ManagerServer} listens and knows the clients, {@link io.procpool.master.manager.ServedObject}s are
 * what they use. Clients are in {@code io.procpool.ipc.manager}.
 */
@NullMarked
package io.procpool.master.manager;

import org.jspecify.annotations.NullMarked;
