// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import java.io.Serializable;
import java.util.Random;

/**
 * Something that threads of several processes do again and again, and what must hold while they do. Its state is in shared memory; an
 * {@link AssertionError} tells of a violation.
 */
interface Check extends Serializable {
  /**
   * Does it once.
   *
   * @param me number of the calling thread, from 0, different from all others that live
   * @param round how often all threads have come here before, for those checks where they meet
   */
  void run(int me, int round, Random random) throws Exception;

  /** Checks what must hold when nobody does anything any more. */
  default void finish() throws Exception {}

  static void violatedIf(boolean violation, String what) {
    if (violation) {
      throw new AssertionError(what);
    }
  }
}
