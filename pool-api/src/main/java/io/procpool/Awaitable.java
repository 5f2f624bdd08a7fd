// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * Something that {@link Processes#awaitReady} can wait for: a {@link io.procpool.channel.Connection} is ready when there is a message or
 * the end of the stream, a {@link io.procpool.channel.ConnectionListener} when somebody wants to connect, a {@link
 * io.procpool.channel.ProcessQueue} when there is a message or it is closed, a child process when it has ended. Implementations are
 * procpool's own. Safe for use by multiple threads.
 */
public interface Awaitable {}
