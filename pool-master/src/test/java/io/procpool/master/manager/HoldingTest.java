// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class HoldingTest {
  private record Key(int number) {}

  @Test
  void of_eachSort_isToldApart() {
    assertThat(Holding.ofAll(Arrays.asList(
            null,
            1,
            "x",
            new int[1],
            new String[1],
            UUID.randomUUID(),
            BigDecimal.ONE,
            Thread.State.NEW)))
        .isEqualTo(Holding.SIMPLE);
    assertThat(Holding.of(new ArrayList<>(List.of(1, "x")))).isEqualTo(Holding.CONTAINERS);
    assertThat(Holding.of(new HashMap<>(Map.of("x", new ArrayList<>()))))
        .isEqualTo(Holding.CONTAINERS);
    assertThat(Holding.of(new Key(1))).isEqualTo(Holding.FOREIGN);
    assertThat(Holding.of(new Object[0])).isEqualTo(Holding.FOREIGN);
    assertThat(Holding.of(new BigDecimal("1") {})).isEqualTo(Holding.FOREIGN);
    assertThat(Holding.of(new ArrayList<>(List.of(new ArrayList<>(List.of(new Key(1)))))))
        .isEqualTo(Holding.FOREIGN);
  }

  /** Looking takes no longer for what is large, or contains itself. */
  @Test
  void of_withoutEnd_isForeign() {
    List<Object> itself = new ArrayList<>();
    itself.add(itself);
    assertThat(Holding.of(itself)).isEqualTo(Holding.FOREIGN);
    assertThat(Holding.of(new ArrayList<>(Collections.nCopies(1000, 1))))
        .isEqualTo(Holding.FOREIGN);
  }
}
