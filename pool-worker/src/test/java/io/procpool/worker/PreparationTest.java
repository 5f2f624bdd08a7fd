// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A spare says nothing when it cannot be prepared: it is only slow when it is adopted. So this is where that is seen. */
@Timeout(60)
class PreparationTest {
  @Test
  void prepare_everything_works() {
    assertThatCode(() -> Preparation.prepare("")).doesNotThrowAnyException();
  }
}
