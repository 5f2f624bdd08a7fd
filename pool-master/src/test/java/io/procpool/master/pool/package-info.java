// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of what all backends share. */
@NullUnmarked
package io.procpool.master.pool;

import org.jspecify.annotations.NullUnmarked;
