// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

/**
 * How the items of a work travel, and where they stand.
 *
 * @param chunkSize items that travel together; zero for as many as measured time suggests
 * @param itemTime the estimate for that, shared by all works of one map
 * @param firstInput place of the first item among the inputs of its map, from 0; -1 for a task by itself
 */
record Batching(int chunkSize, ItemTime itemTime, long firstInput) {
  /** A task by itself. */
  static final Batching SINGLE = new Batching(1, ItemTime.NONE, -1);
}
