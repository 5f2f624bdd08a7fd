// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The backend of worker processes. {@code Dispatcher} decides what runs where, in one event loop; {@code WorkerLauncher}
 * spawns; {@code WorkerLink} carries messages; {@code EncodedInputs} is what a task looks like on its way. Start at
 * {@code Dispatcher}.
 */
@NullMarked
package io.procpool.master.process;

import org.jspecify.annotations.NullMarked;
