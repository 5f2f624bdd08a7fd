// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The Java side of {@code benchmarks/side-by-side}: one class per group of measurements, each run in a fresh JVM. The same
 * measurements in CPython are in {@code benchmarks/python/workloads.py}; the rows of the table, with what they have to
 * reach, are in {@code benchmarks/side-by-side} itself. Start reading at {@link
 * io.procpool.benchmarks.sidebyside.SideBySide}.
 */
@NullMarked
package io.procpool.benchmarks.sidebyside;

import org.jspecify.annotations.NullMarked;
