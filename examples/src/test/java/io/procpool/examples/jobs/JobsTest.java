// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.job.Job;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class JobsTest {
  /** The jar offers each job under its name, with one line that says what it does. */
  @Test
  void services_allJobs_foundByName() {
    assertThat(ServiceLoader.load(Job.class).stream().map(job -> job.get().name()))
        .containsExactly("wordcount", "checksum", "primes", "mandelbrot", "misbehave");
    assertThat(ServiceLoader.load(Job.class))
        .allSatisfy(job ->
            assertThat(job.description()).contains(": " + job.name() + " ").hasLineCount(1));
  }
}
