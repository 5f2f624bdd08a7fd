// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * How JVMs are started, for pools, children and spares alike: {@code JvmShape} says what is to be started, {@code JvmLauncher} starts it,
 * {@code Spares} keeps some ahead, {@code ClassArchive} makes them start faster.
 */
@NullMarked
package io.procpool.master.launch;

import org.jspecify.annotations.NullMarked;
