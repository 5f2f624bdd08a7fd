// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.master.pool.Work;

/**
 * Items of a work that have not been handed to a worker.
 *
 * @param refusals how many workers have died with these items next, before they began them
 */
record Slice(Work work, int from, int to, int refusals) {
  Slice(Work work, int from, int to) {
    this(work, from, to, 0);
  }

  int count() {
    return to - from;
  }
}
