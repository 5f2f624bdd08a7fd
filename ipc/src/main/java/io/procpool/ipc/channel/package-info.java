// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Queues, pipes and connections: how messages go from process to process. {@link io.procpool.ipc.channel.Ring} is where messages lie in
 * shared memory, {@link io.procpool.ipc.channel.RingLayout} has the pictures; start with these.
 */
@NullMarked
package io.procpool.ipc.channel;

import org.jspecify.annotations.NullMarked;
