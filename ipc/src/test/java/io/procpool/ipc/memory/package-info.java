// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of the memory that processes share, in one process. */
@NullMarked
package io.procpool.ipc.memory;

import org.jspecify.annotations.NullMarked;
