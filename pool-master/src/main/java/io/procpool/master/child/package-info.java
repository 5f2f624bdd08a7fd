// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Child processes: {@code Children} starts them and ends them with this process, {@code JvmChild} is one of them. */
@NullMarked
package io.procpool.master.child;

import org.jspecify.annotations.NullMarked;
