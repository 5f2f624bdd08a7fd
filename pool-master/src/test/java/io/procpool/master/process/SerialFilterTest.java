// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.Pool;
import io.procpool.TaskFunction;
import io.procpool.UndecodableTaskException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The deserialization filter that a user gives to workers holds for short forms, too, which are no JDK streams. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SerialFilterTest {
  private enum Color {
    RED
  }

  private enum Shape {
    ROUND
  }

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void apply_enumRefusedByProperty_isUndecodable() throws Exception {
    TaskFunction<Enum<?>, String> name = value -> value.name();
    String filter = "-Djdk.serialFilter=!" + Color.class.getName() + ";*";
    try (Pool pool = Pool.open(Faults.options("filter").jvmArgs(List.of(filter)).build())) {
      assertThat(valueOf(pool.applyAsync(name, Shape.ROUND))).isEqualTo("ROUND");
      assertThat(failureOf(pool.applyAsync(name, Color.RED)))
          .isInstanceOf(UndecodableTaskException.class)
          .hasMessageContaining("refused by the deserialization filter");
      Faults.assertBalanced(pool, 2);
    }
  }
}
