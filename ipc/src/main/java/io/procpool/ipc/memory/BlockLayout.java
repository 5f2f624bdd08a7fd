// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

/** Where things are in an arena, in the file of a large block, and in a block. */
final class BlockLayout {
  /*
   * A file:
   *
   *   0        4        8                16               24                      64
   *   +--------+--------+----------------+----------------+-----------------------+
   *   | magic  | version| size of file   | generations    | retired               | what follows depends on the kind of file
   *   +--------+--------+----------------+----------------+-----------------------+
   *   It is written last, before the file gets its name. `generations` counts the blocks that an arena has had;
   *   `retired` is 1 when it was empty and its file was deleted.
   *
   * An arena goes on with its table and its cells:
   *
   *   64                            TABLE_OFFSET + 8 * CELL_COUNT                       ARENA_BYTES
   *   +-----------------------------+---------------------------------------------------+
   *   | one word for each cell      | cells of 64 bytes                                 |
   *   +-----------------------------+---------------------------------------------------+
   *   A word is the time in milliseconds since which the cell is free, 0 if it was never used; or -n in the first cell of
   *   a block of n cells, and CONTINUATION in the others. The first cell's word is written last when a block is made, so a
   *   continuation without a beginning was left by a process that died in between, and is free. Only who holds the
   *   arena's allocation lock changes the table.
   *
   * A block begins with a header; in its own file it begins at 64, and what is shared at 128:
   *
   *   0        4        8                16               24       32
   *   +--------+--------+----------------+----------------+--------+-----------------+
   *   | kind   | state  | generation     | bytes          | files  | what is shared, and room for a lock
   *   +--------+--------+----------------+----------------+--------+-----------------+
   *   The state is LIVE from when the block has been made until nobody is to get hold of it any more; then DELETED.
   *   `files` is 1 if files of its own may belong to a block in an arena.
   */
  static final int ARENA_MAGIC = 0x70726131; // "pra1"
  static final int FILE_MAGIC = 0x70726231; // "prb1"
  static final int SEGMENT_MAGIC = 0x70727331; // "prs1"
  static final int VERSION = 1;

  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 4;
  static final int SIZE_OFFSET = 8;
  static final int GENERATIONS_OFFSET = 16;
  static final int RETIRED_OFFSET = 24;
  static final int FILE_HEADER_BYTES = 64;

  static final int CELL_BYTES = 64;
  static final int CELL_COUNT = 4096;
  static final int TABLE_OFFSET = FILE_HEADER_BYTES;
  static final int CELLS_OFFSET = TABLE_OFFSET + CELL_COUNT * Long.BYTES;
  static final int ARENA_BYTES = CELLS_OFFSET + CELL_COUNT * CELL_BYTES;
  static final long CONTINUATION = Long.MIN_VALUE;

  static final int KIND_OFFSET = 0;
  static final int STATE_OFFSET = 4;
  static final int GENERATION_OFFSET = 8;
  static final int BYTES_OFFSET = 16;
  static final int FILES_OFFSET = 24;
  static final int BLOCK_HEADER_BYTES = 32;

  static final int LIVE = 1;
  static final int DELETED = 2;

  private BlockLayout() {}
}
