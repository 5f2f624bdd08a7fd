// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

/** Where things are in the table of processes. */
final class ProcessTableLayout {
  /*
   *   0                          32       36      64            80                                        TABLE_BYTES
   *   +--------------------------+--------+-------+-------------+-------------+-----
   *   | as any file of a session | bell   |       | slot 0      | slot 1      | ...
   *   +--------------------------+--------+-------+-------------+-------------+-----
   *   The bell counts how often somebody rang it for all who wait for several things at once.
   *
   * A slot:
   *
   *   0            4        8                16
   *   +------------+--------+----------------+
   *   | generation |        | pid            |
   *   +------------+--------+----------------+
   *   The generation counts the processes that have had the slot, and is written last; 0 if there was none. Who holds the lock
   *   on the byte of the file with the number of the slot lives in it, and only that process writes to it. Those bytes lie in
   *   the header and the first slots, which does not matter: a lock on a byte has nothing to do with what is in it.
   */
  static final int MAGIC = 0x70727031; // "prp1"

  static final int BELL_OFFSET = 32;

  static final int SLOT_BITS = 12;
  static final int SLOT_COUNT = 1 << SLOT_BITS;
  static final int SLOT_BYTES = 16;
  static final int SLOTS_OFFSET = BlockLayout.FILE_HEADER_BYTES;
  static final int TABLE_BYTES = SLOTS_OFFSET + SLOT_COUNT * SLOT_BYTES;

  static final int GENERATION_OFFSET = 0;
  static final int PID_OFFSET = 8;
  static final int GENERATION_MASK = (1 << 32 - SLOT_BITS) - 1;

  private ProcessTableLayout() {}
}
