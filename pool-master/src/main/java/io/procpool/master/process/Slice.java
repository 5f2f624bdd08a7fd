// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.master.pool.Work;

/** Items of a work that have not been handed to a worker. */
record Slice(Work work, int from, int to) {
  int count() {
    return to - from;
  }
}
