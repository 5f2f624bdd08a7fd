// Licensed under the Apache License, Version 2.0; see LICENSE.
/** What procpool looks like in use: jobs for the command in {@code jobs}, whole programs in {@code programs}. */
@NullMarked
package io.procpool.examples;

import org.jspecify.annotations.NullMarked;
