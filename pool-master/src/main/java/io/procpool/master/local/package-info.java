// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The backends without worker processes: threads of this process, and the calling thread. Nothing is copied, nothing can be
 * killed; options that would need either are refused. {@code docs/backends.md} has the limits; start at {@code LocalEngine}.
 */
@NullMarked
package io.procpool.master.local;

import org.jspecify.annotations.NullMarked;
