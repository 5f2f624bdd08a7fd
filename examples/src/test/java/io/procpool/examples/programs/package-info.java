// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of the programs: what each must show, on every backend that it is about. */
@NullMarked
package io.procpool.examples.programs;

import org.jspecify.annotations.NullMarked;
