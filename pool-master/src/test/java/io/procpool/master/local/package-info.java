// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of what is particular to the backends without worker processes. */
@NullMarked
package io.procpool.master.local;

import org.jspecify.annotations.NullMarked;
