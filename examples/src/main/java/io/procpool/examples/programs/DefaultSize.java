// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import java.util.List;

/**
 * F05: a pool whose size is not given has a worker for each CPU that this process may use.
 *
 * <p>Safe for use by multiple threads.
 */
public final class DefaultSize {
  private DefaultSize() {}

  /** Runs the program and returns the number of workers. */
  static int run(ProgramSettings settings) {
    try (Pool pool = Pool.open(settings.options().build())) {
      int workers = pool.options().workers();
      settings
          .out()
          .println(workers + " workers, " + Runtime.getRuntime().availableProcessors() + " CPUs");
      return workers;
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
