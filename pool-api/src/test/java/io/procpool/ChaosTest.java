// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.procpool.Chaos.Strike;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What happens to a task follows from the seed, at the rates that were given. */
final class ChaosTest {
  private static final Duration TIME = Duration.ofMillis(10);

  private static Chaos all(long seed) {
    return Chaos.ofSeed(seed)
        .killBefore(0.05)
        .killDuring(0.1, TIME)
        .killAfter(0.15)
        .stop(0.02, TIME)
        .slow(0.2, TIME);
  }

  @Test
  void strike_manyTasks_hasTheRates() {
    Map<Strike, Integer> counts = new EnumMap<>(Strike.class);
    int tasks = 100_000;
    for (int i = 1; i <= tasks; i++) {
      counts.merge(all(7).strike(i, 1), 1, Integer::sum);
    }
    for (Strike strike : Strike.values()) {
      assertThat(counts.get(strike) / (double) tasks)
          .as("%s", strike)
          .isCloseTo(all(7).rate(strike), within(0.005));
    }
    assertThat(all(7).rate(Strike.NONE)).isCloseTo(0.48, within(1e-9));
  }

  @Test
  void strike_sameSeed_isTheSame_otherSeedOrAttempt_isNot() {
    int sameOfOtherSeed = 0;
    int sameOfOtherAttempt = 0;
    for (int i = 1; i <= 1000; i++) {
      assertThat(all(7).strike(i, 2)).isEqualTo(all(7).strike(i, 2));
      assertThat(all(7).moment(i, 2)).isBetween(Duration.ZERO, TIME);
      sameOfOtherSeed += all(7).strike(i, 2) == all(8).strike(i, 2) ? 1 : 0;
      sameOfOtherAttempt += all(7).strike(i, 2) == all(7).strike(i, 3) ? 1 : 0;
    }
    assertThat(sameOfOtherSeed).isBetween(200, 500);
    assertThat(sameOfOtherAttempt).isBetween(200, 500);
  }

  @Test
  void setters_badValues_areRefused() {
    assertThatThrownBy(() -> Chaos.ofSeed(1).killBefore(1.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("killBefore: 1.5 (expected: a rate, 0 to 1)");
    assertThatThrownBy(() -> Chaos.ofSeed(1).killAfter(Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Chaos.ofSeed(1).killBefore(0.6).killAfter(0.6))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("killAfter: 0.6", "1.2", "1 at most");
    assertThatThrownBy(() -> Chaos.ofSeed(1).slow(0.1, Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("time");
    assertThat(Chaos.ofSeed(1).killBefore(0.6).killBefore(0.7).rate(Strike.KILL_BEFORE))
        .isEqualTo(0.7);
    assertThat(Chaos.ofSeed(1).killBefore(1).toString())
        .isEqualTo("Chaos[seed=1, KILL_BEFORE=1.0]");
  }
}
