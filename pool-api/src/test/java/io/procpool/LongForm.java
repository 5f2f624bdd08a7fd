// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Whether tests run in their long form: every combination, a new pool for each test, larger counts. The profile {@code stress}
 * turns it on; the default run has to end in minutes.
 */
public final class LongForm {
  /** Name of the system property that turns it on. */
  public static final String PROPERTY = "procpool.test.longForm";

  private LongForm() {}

  /** Tells whether it is on. */
  public static boolean isOn() {
    return Boolean.getBoolean(PROPERTY);
  }

  /** Returns one number or the other. */
  public static int choose(int longForm, int shortForm) {
    return isOn() ? longForm : shortForm;
  }

  /** Returns all of some cases, or in the short form every so-manieth, beginning with the first. */
  public static <T> List<T> choose(List<T> all, int each) {
    int step = isOn() ? 1 : each;
    return IntStream.range(0, all.size())
        .filter(i -> i % step == 0)
        .mapToObj(all::get)
        .toList();
  }
}
