// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of shared values and arrays in one process, on the mapped files that they live in. */
@NullMarked
package io.procpool.shared;

import org.jspecify.annotations.NullMarked;
