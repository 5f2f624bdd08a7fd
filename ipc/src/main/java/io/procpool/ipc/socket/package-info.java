// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Connections over Unix domain sockets and TCP: {@link io.procpool.ipc.socket.SocketConnection} and {@link
 * io.procpool.ipc.socket.SocketListener}. Start with the essay in the first; how two programs meet is in {@link
 * io.procpool.ipc.auth.ConnectionHandshake}.
 */
@NullMarked
package io.procpool.ipc.socket;

import org.jspecify.annotations.NullMarked;
