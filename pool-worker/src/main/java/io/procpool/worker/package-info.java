// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The JVM that runs tasks. {@code WorkerMain} starts it, {@code Inbox} receives units, {@code UnitRunner} runs them. Loads as
 * few classes as possible before the first unit.
 */
@NullMarked
package io.procpool.worker;

import org.jspecify.annotations.NullMarked;
