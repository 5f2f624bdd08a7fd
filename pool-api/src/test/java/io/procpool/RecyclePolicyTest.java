// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Limits keep each other, and bad ones are refused. */
final class RecyclePolicyTest {
  @Test
  void limits_anyOrder_keepEachOther() {
    RecyclePolicy policy = RecyclePolicy.never()
        .maxHeapBytesAfterGc(4 << 20)
        .maxTasks(1)
        .ageJitter(0.25)
        .maxAge(Duration.ofSeconds(2))
        .maxRssBytes(30 << 20);
    assertThat(policy.maxTasks()).isEqualTo(1);
    assertThat(policy.maxAge()).isEqualTo(Duration.ofSeconds(2));
    assertThat(policy.ageJitter()).isEqualTo(0.25);
    assertThat(policy.maxRssBytes()).isEqualTo(30 << 20);
    assertThat(policy.maxHeapBytesAfterGc()).isEqualTo(4 << 20);
    assertThat(policy.isNever()).isFalse();
    assertThat(RecyclePolicy.never().isNever()).isTrue();
    assertThat(RecyclePolicy.never().maxTasks()).isZero();
  }

  @Test
  void limits_bad_areRefused() {
    RecyclePolicy never = RecyclePolicy.never();
    assertThatThrownBy(() -> never.maxTasks(0)).hasMessageContaining("maxTasks: 0 (expected: 1");
    assertThatThrownBy(() -> never.maxAge(Duration.ZERO)).hasMessageContaining("maxAge: PT0S");
    assertThatThrownBy(() -> never.maxAge(Duration.ofMillis(99)))
        .hasMessageContaining("maxAge: PT0.099S (expected: PT0.1S or more");
    assertThatThrownBy(() -> never.ageJitter(1.1)).hasMessageContaining("ageJitter: 1.1");
    assertThatThrownBy(() -> never.ageJitter(Double.NaN)).hasMessageContaining("ageJitter: NaN");
    assertThatThrownBy(() -> never.maxRssBytes(1000))
        .hasMessageContaining("maxRssBytes: 1000 (expected: 16777216 or more)");
    assertThatThrownBy(() -> never.maxHeapBytesAfterGc(-1))
        .hasMessageContaining("maxHeapBytesAfterGc: -1 (expected: 1048576 or more)");
  }
}
