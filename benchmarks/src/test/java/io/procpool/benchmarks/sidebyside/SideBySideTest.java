// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class SideBySideTest {
  static Set<String> measurements() {
    return SideBySide.MEASUREMENTS.keySet();
  }

  /** Every measurement still works; its figures, taken once, mean nothing. */
  @ParameterizedTest
  @MethodSource("measurements")
  @Timeout(30)
  void run_once_givesFiniteFigures(String name) throws Exception {
    Map<String, Double> figures = SideBySide.MEASUREMENTS.get(name).run(Effort.SMOKE);

    assertThat(figures.values()).allSatisfy(figure -> assertThat(figure).isFinite());
  }
}
