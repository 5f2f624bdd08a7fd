// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The command {@code pool-master}.
 *
 * <p>Start at {@link io.procpool.master.cli.PoolMasterCommand}; each sub-command is a class of its own. What {@code run} and
 * {@code map} share, feeding a pool and taking its outcomes, is in {@link io.procpool.master.cli.Execution}. The command
 * uses the pool's public API only.
 */
@NullMarked
package io.procpool.master.cli;

import org.jspecify.annotations.NullMarked;
