// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrimesTest {
  /** Published values of the prime counting function, and ranges that lie between them. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0",
    "0, 1, 0",
    "2, 2, 1",
    "0, 2, 1",
    "1, 10, 4",
    "0, 100, 25",
    "0, 1000, 168",
    "0, 1000000, 78498",
    "0, 10000000, 664579",
    "14, 16, 0",
    "3, 3, 1",
    "49, 49, 0",
    "1000001, 10000000, 586081",
    "99999999999900, 100000000000000, 6"
  })
  void run_range_printsTheNumberOfPrimes(long from, long to, long primes) throws Exception {
    assertThat(JobRun.of(Primes::new, "" + from, "" + to).outText()).isEqualTo(primes + "\n");
  }

  /** The number of slices changes nothing, also when the range does not divide evenly or is smaller. */
  @ParameterizedTest
  @CsvSource({"1, 1", "7, 7", "500, 500", "100000, 1001"})
  void run_slices_sameTotal(int slices, int inputs) throws Exception {
    JobRun run = JobRun.of(Primes::new, "0", "1000", "" + slices);

    assertThat(run.outText()).isEqualTo("168\n");
    assertThat(run.inputs()).isEqualTo(inputs);
  }

  /** Agrees with trial division on small ranges that start and end anywhere. */
  @Test
  void count_anyBounds_agreesWithTrialDivision() {
    for (int from = 0; from < 130; from++) {
      int expected = 0;
      for (int to = from; to < 400; to++) {
        expected += isPrime(to) ? 1 : 0;
        assertThat(Primes.count(from, to)).as("%d to %d", from, to).isEqualTo(expected);
      }
    }
  }

  /** A wrong total is never printed as a result. */
  @Test
  void run_sliceFails_noTotal() throws Exception {
    JobRun run = JobRun.of(Primes::new, slice -> slice.from() == 0, "0", "99", "10");

    assertThat(run.outText()).isEmpty();
    assertThat(run.errText())
        .isEqualTo("primes: no total, because 1 of 10 slices failed; the others hold 21 primes\n");
  }

  @Test
  void inputs_badArguments_refusedByName() {
    assertRefused("1 argument (usage: primes FROM TO [SLICES])", "1");
    assertRefused(
        "TO: \"1e6\" (expected: a whole number from 0 to 100000000000000; usage: primes FROM TO [SLICES])",
        "0",
        "1e6");
    assertRefused(
        "FROM: \"-1\" (expected: a whole number from 0 to 100000000000000; usage: primes FROM TO [SLICES])",
        "-1",
        "9");
    assertRefused(
        "SLICES: \"0\" (expected: a whole number from 1 to 1000000; usage: primes FROM TO [SLICES])",
        "0",
        "9",
        "0");
    assertRefused("FROM=9 is above TO=1 (usage: primes FROM TO [SLICES])", "9", "1");
  }

  private static void assertRefused(String message, String... arguments) {
    assertThatThrownBy(() -> JobRun.of(Primes::new, arguments))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static boolean isPrime(int n) {
    for (int divisor = 2; divisor * divisor <= n; divisor++) {
      if (n % divisor == 0) {
        return false;
      }
    }
    return n >= 2;
  }
}
