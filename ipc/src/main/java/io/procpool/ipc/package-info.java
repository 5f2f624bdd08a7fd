// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * What the master and its workers share: kinds of functions, frames, the mapped segment of a worker. The payload codec is in
 * {@code codec}, the handshake in {@code auth}, the messages of {@code procpool.proto}, written by hand, in {@code wire}, shared memory in {@code memory}. No Netty
 * here: this code is on the start path of every worker.
 */
@NullMarked
package io.procpool.ipc;

import org.jspecify.annotations.NullMarked;
