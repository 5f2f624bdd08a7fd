// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Tests of what goes from process to process: {@code ConnectionContract} and {@code QueueContract} say what holds between threads as between
 * processes, the tests with {@code Kill} what those who die leave, the stress test and its broken copies that nothing is lost or doubled;
 * listeners and their bad guests; waiting for several things.
 */
@NullMarked
package io.procpool.master.channel;

import org.jspecify.annotations.NullMarked;
