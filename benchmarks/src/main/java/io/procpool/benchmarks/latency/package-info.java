// Licensed under the Apache License, Version 2.0; see LICENSE.
/** The time of one thing, one at a time. One class asks one question; its comment ends with the command that answers it. */
@NullMarked
package io.procpool.benchmarks.latency;

import org.jspecify.annotations.NullMarked;
