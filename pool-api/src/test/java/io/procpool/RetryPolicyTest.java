// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.RetryPolicy.BackOff;
import io.procpool.RetryPolicy.Cause;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a policy allows, how long it waits, and what it refuses. */
final class RetryPolicyTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  @Test
  void allows_causesAndNumber_count() {
    RetryPolicy policy = RetryPolicy.of(2);
    assertThat(policy.allows(Cause.TIMEOUT, 2)).isTrue();
    assertThat(policy.allows(Cause.TIMEOUT, 3)).isFalse();
    assertThat(policy.except(Cause.TIMEOUT, Cause.STALL).causes())
        .containsExactly(Cause.CRASH, Cause.OUT_OF_MEMORY, Cause.MEMORY_LIMIT, Cause.RESULT_LOST);
    assertThat(policy.on(Cause.CRASH).allows(Cause.TIMEOUT, 1)).isFalse();
    assertThat(policy.causes()).as("the policy itself").hasSize(Cause.values().length);
    assertThat(RetryPolicy.none().allows(Cause.CRASH, 1)).isFalse();
  }

  @Test
  void delay_growsUpToTheLongest_lessTheJitter() {
    BackOff backOff = new BackOff(SECOND, 3, Duration.ofSeconds(5), 0.5);
    assertThat(backOff.delay(1, 0)).isEqualTo(SECOND);
    assertThat(backOff.delay(2, 0)).isEqualTo(Duration.ofSeconds(3));
    assertThat(backOff.delay(3, 0)).isEqualTo(Duration.ofSeconds(5));
    assertThat(backOff.delay(1000, 0)).isEqualTo(Duration.ofSeconds(5));
    assertThat(backOff.delay(1, 0.5)).isEqualTo(Duration.ofMillis(750));
    assertThat(BackOff.fixed(Duration.ZERO).delay(7, 0.9)).isZero();
  }

  @Test
  void backOff_ofOneCause_leavesTheOthers() {
    BackOff never = BackOff.fixed(SECOND);
    RetryPolicy policy = RetryPolicy.of(1).backOff(Cause.STALL, never);
    assertThat(policy.backOff(Cause.STALL)).isEqualTo(never);
    assertThat(policy.backOff(Cause.CRASH)).isNotEqualTo(never);
    assertThat(policy.backOff(never).backOff(Cause.CRASH)).isEqualTo(never);
  }

  @Test
  void badValues_areRefused() {
    assertThatThrownBy(() -> RetryPolicy.of(-1)).hasMessage("retries: -1 (expected: 0 to 1000)");
    assertThatThrownBy(() -> new BackOff(SECOND, 0.5, SECOND, 0))
        .hasMessage("factor: 0.5 (expected: 1 to 100)");
    assertThatThrownBy(() -> new BackOff(SECOND, Double.NaN, SECOND, 0))
        .hasMessageContaining("factor");
    assertThatThrownBy(() -> new BackOff(SECOND, 1, Duration.ZERO, 0))
        .hasMessageContaining("max=PT0S is below initial=PT1S");
    assertThatThrownBy(() -> new BackOff(SECOND, 1, SECOND, 1.5)).hasMessageContaining("jitter");
    assertThatThrownBy(() -> new BackOff(Duration.ofSeconds(-1), 1, SECOND, 0))
        .hasMessageContaining("initial");
  }
}
