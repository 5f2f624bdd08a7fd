// Licensed under the Apache License, Version 2.0; see LICENSE.
/** How much gets done when much is in flight. One class asks one question; its comment ends with the command that answers it. */
@NullMarked
package io.procpool.benchmarks.throughput;

import org.jspecify.annotations.NullMarked;
