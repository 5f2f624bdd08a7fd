// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import io.procpool.spi.SharedBlock;

/** What locks and the like are called in messages and reports. */
final class Names {
  private static final int LONGEST = 100;

  private Names() {}

  /**
   * Checks a name.
   *
   * @throws IllegalArgumentException if it is too long
   */
  static String check(String name) {
    if (name.length() > LONGEST) {
      throw new IllegalArgumentException("name: " + name.length() + " characters, \""
          + name.substring(0, LONGEST) + "...\" (expected: at most " + LONGEST + ")");
    }
    return name;
  }

  /** Returns the name with the kind in front of it; without a name, something that tells it from others. */
  static String what(String kind, String name, SharedBlock block) {
    return name.isEmpty()
        ? kind + " #" + Integer.toHexString(block.hashCode())
        : kind + " \"" + name + "\"";
  }
}
