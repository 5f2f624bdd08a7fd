// Licensed under the Apache License, Version 2.0; see LICENSE.
/** What all JMH benchmarks have in common. The other half, against CPython, is in {@code sidebyside}. */
@NullMarked
package io.procpool.benchmarks;

import org.jspecify.annotations.NullMarked;
