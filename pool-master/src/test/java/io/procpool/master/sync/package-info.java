// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Tests of the locks and the like between processes: contracts, which hold between threads and between processes alike, kills at
 * all steps, random runs, ordering of memory, and places that are none. Start at {@link io.procpool.master.sync.SyncContract}.
 */
@NullMarked
package io.procpool.master.sync;

import org.jspecify.annotations.NullMarked;
