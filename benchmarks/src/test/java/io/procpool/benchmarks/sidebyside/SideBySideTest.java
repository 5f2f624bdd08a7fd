// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.LongForm;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class SideBySideTest {
  static List<String> measurements() {
    return LongForm.choose(List.copyOf(SideBySide.MEASUREMENTS.keySet()), 2);
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
