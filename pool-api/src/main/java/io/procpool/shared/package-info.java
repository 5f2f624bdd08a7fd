// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Values and arrays in memory that all processes of a session see at once: a handle that a task captures, gets as an argument
 * or returns is the same memory there. Start at {@link io.procpool.shared.SharedLong} and {@link
 * io.procpool.shared.SharedDoubleArray}.
 */
@NullMarked
package io.procpool.shared;

import org.jspecify.annotations.NullMarked;
