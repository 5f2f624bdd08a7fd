// Licensed under the Apache License, Version 2.0; see LICENSE.
/** What a worker logs through SLF4J while its records go to the master. Loaded by SLF4J, and only there. */
@NullMarked
package io.procpool.worker.slf4j;

import org.jspecify.annotations.NullMarked;
