// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

/**
 * Offsets of a worker's segment. The master creates the file; both map it.
 *
 * <pre>
 *   0        4        8                16           24           32         40              48      64
 *   +--------+--------+----------------+------------+------------+----------+---------------+-------+
 *   | magic  | version| itemStartNanos | batchFirst | published  | fraction | progressNanos | heap  |
 *   +--------+--------+----------------+------------+------------+----------+---------------+-------+
 *   64: 64 slots of 8 bytes, slot = seq modulo 64        576: message of the progress        848: last word    856 … 1024: free
 *   1024: area of outcomes, then the ring of frames to the worker, and that of frames to the master
 *
 *   slot:       seq (20 bits) | state (4) | limit (20) | next (20)
 *   batchFirst: seq (32) | number of the first item in the area (32)
 *   published:  items (32) | bytes (32); the outcomes of so many items are complete in the area
 *   fraction:   a double, and progressNanos when it was said; what is older than itemStartNanos is another item's
 *   heap:       seq (20) | KiB in use while that unit ran (44); at 48
 *   lastWord:   ordinal of a LastWord (64)
 *   message:    version (64; odd while it is written) | bytes (32) | UTF-8, at most 256 bytes
 * </pre>
 *
 * An outcome is visible once {@code published} counts it; the worker stores that last, with release. A slot changes by
 * compare-and-set only, except that the master stores OFFERED into a slot that is out of use.
 */
final class WorkerSegmentLayout {
  static final int MAGIC = 0x50505753; // "PPWS"
  static final int VERSION = 3;

  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 4;
  static final int ITEM_START_OFFSET = 8;
  static final int BATCH_FIRST_OFFSET = 16;
  static final int PUBLISHED_OFFSET = 24;
  static final int FRACTION_OFFSET = 32;
  static final int PROGRESS_NANOS_OFFSET = 40;
  static final int HEAP_OFFSET = 48;
  static final int SLOTS_OFFSET = 64;
  static final int SLOT_COUNT = 64;
  static final int MESSAGE_VERSION_OFFSET = 576;
  static final int MESSAGE_LENGTH_OFFSET = 584;
  static final int MESSAGE_OFFSET = 588;
  static final int MESSAGE_BYTES = 256;
  static final int LAST_WORD_OFFSET = 848;
  static final int AREA_OFFSET = 1024;
  static final int AREA_BYTES = 256 * 1024;
  static final int TO_WORKER_OFFSET = AREA_OFFSET + AREA_BYTES;
  static final int TO_MASTER_OFFSET = TO_WORKER_OFFSET + FrameRing.RING_BYTES;
  static final int SEGMENT_BYTES = TO_MASTER_OFFSET + FrameRing.RING_BYTES;

  static final int COUNT_BITS = 20;
  static final int COUNT_MASK = (1 << COUNT_BITS) - 1;
  static final int STATE_BITS = 4;
  static final int STATE_MASK = (1 << STATE_BITS) - 1;

  private WorkerSegmentLayout() {}
}
