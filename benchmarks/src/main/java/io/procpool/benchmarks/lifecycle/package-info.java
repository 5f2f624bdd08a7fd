// Licensed under the Apache License, Version 2.0; see LICENSE.
/** How long workers take to begin, and to be replaced. One class asks one question; its comment ends with the command that answers it. */
@NullMarked
package io.procpool.benchmarks.lifecycle;

import org.jspecify.annotations.NullMarked;
