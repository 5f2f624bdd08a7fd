// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Equal values have equal digests, however they are held; different ones do not. */
final class ValueDigestTest {
  record Point(int x, List<String> names) {}

  enum Colour {
    RED
  }

  @Test
  void of_equalValues_areEqual() {
    assertThat(ValueDigest.of(Set.of("a", "b", "c")))
        .isEqualTo(ValueDigest.of(new LinkedHashSet<>(List.of("c", "a", "b"))));
    assertThat(ValueDigest.of(Map.of("k", 1, "l", 2)))
        .isEqualTo(ValueDigest.of(new HashMap<>(Map.of("l", 2, "k", 1))));
    assertThat(ValueDigest.of(List.of(1, 2)))
        .isEqualTo(ValueDigest.of(new ArrayList<>(List.of(1, 2))));
    assertThat(ValueDigest.of(new Point(1, List.of("n"))))
        .isEqualTo(ValueDigest.of(new Point(1, new ArrayList<>(List.of("n")))));
    assertThat(ValueDigest.of(new byte[] {1, 2})).isEqualTo(ValueDigest.of(new byte[] {1, 2}));
    assertThat(ValueDigest.of(new Object())).isEqualTo(ValueDigest.of(new Object()));
  }

  @Test
  void of_differentValues_differ() {
    Set<Long> digests = new HashSet<>();
    Object[] values = {
      1,
      1L,
      "1",
      1.0,
      '1',
      List.of(1),
      List.of("1"),
      new int[] {1},
      Set.of(1),
      Map.of(1, 1),
      List.of(List.of(), 1),
      List.of(1, List.of()),
      new Point(1, List.of()),
      new Point(2, List.of()),
      Colour.RED,
      "RED",
      true,
      "",
      List.of("", ""),
      List.of("")
    };
    for (Object value : values) {
      digests.add(ValueDigest.of(value));
    }
    digests.add(ValueDigest.of(null));
    assertThat(digests).hasSize(values.length + 1);
    assertThat(ValueDigest.of(Path.of("a"))).isEqualTo(ValueDigest.of("a"));
  }
}
