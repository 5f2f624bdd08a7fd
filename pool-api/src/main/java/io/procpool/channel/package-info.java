// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * How processes send each other messages: {@link io.procpool.channel.ProcessQueue}, {@link io.procpool.channel.Pipe} and its ends, and
 * {@link io.procpool.channel.Connection}s over sockets. Start with {@code ProcessQueue}.
 */
@NullMarked
package io.procpool.channel;

import org.jspecify.annotations.NullMarked;
