// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * How a master and a worker prove to each other that they have the session's key, before a frame is parsed.
 *
 * <p>Start at {@link io.procpool.ipc.auth.Handshake}: functions from bytes to bytes, without input or output, so that a
 * blocking worker and an asynchronous master share them. {@code Sha256} is there for the start of a worker only: the JDK's
 * costs a fresh JVM twenty milliseconds.
 */
@NullMarked
package io.procpool.ipc.auth;

import org.jspecify.annotations.NullMarked;
