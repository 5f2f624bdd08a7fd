// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Tests of connections: the contract, which holds for every kind of them, in one process and between two; listeners and their bad
 * guests; waiting for several things. Start at {@link io.procpool.master.channel.ConnectionContract}.
 */
@NullMarked
package io.procpool.master.channel;

import org.jspecify.annotations.NullMarked;
