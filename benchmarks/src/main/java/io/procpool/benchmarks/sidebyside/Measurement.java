// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import java.util.Map;

/** One thing that is measured. Its figures have the names and units that the rows of {@code side-by-side} refer to. */
@FunctionalInterface
interface Measurement {
  Map<String, Double> run(Effort effort) throws Exception;
}
