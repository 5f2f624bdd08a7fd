// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

/** Where things are in a ring, in its segments, in a queue and in a pipe. */
final class RingLayout {
  /*
   * A ring is a header in a block, and a chain of segments, files that belong to the block, in which the messages lie:
   *
   *   0        64       128      192      256      320
   *   +--------+--------+--------+--------+--------+
   *   | putters| tail   | takers | head   | both   |      each begins a cache line
   *   +--------+--------+--------+--------+--------+
   *
   *   putters, written by who has their lock        takers, written by who has theirs
   *   0               24       28       32          0               24       28       32
   *   +---------------+--------+--------+------+    +---------------+--------+--------+------+
   *   | lock          | segment|        | head |    | lock          | segment| done   | tail |
   *   |               |        |        | seen |    |               |        |        | seen |
   *   +---------------+--------+--------+------+    +---------------+--------+--------+------+
   *   `segment` is where they were last; 0 before the first. `done` counts the taskDones, modulo 2^24.
   *
   *   both
   *   0        4        8        12       16       20       24
   *   +--------+--------+--------+--------+--------+--------+------------+
   *   | takers | putters| watched| joiners| capa-  |        | capacity   |
   *   | sleep  | sleep  |        | sleep  | city   |        | in bytes   |
   *   +--------+--------+--------+--------+--------+--------+------------+
   *   A mark is 1 if somebody may sleep until there is a change on the other side; `watched`, until the bell rings.
   *
   * Tail and head are words that say how far messages have been put and taken:
   *
   *   63                      26  25      24     23              0
   *   +-------------------------+--------+--------+---------------+
   *   | position in units of 8  | toggle | closed | messages      |
   *   | bytes, modulo 2^38      |        |        | modulo 2^24   |
   *   +-------------------------+--------+--------+---------------+
   *   A message is put by the change of the tail, and taken by the change of the head: one write each. `closed` and `toggle`
   *   are bits of the tail; the latter has no meaning, it only makes a change.
   */
  static final int PUTTERS = 0;
  static final int TAIL = 64;
  static final int TAKERS = 128;
  static final int HEAD = 192;
  static final int BOTH = 256;
  static final int RING_BYTES = 320;

  static final int LOCK = 0;
  static final int SEGMENT = 24;
  static final int DONE = 28;
  static final int SEEN = 32;

  static final int TAKERS_SLEEP = BOTH;
  static final int PUTTERS_SLEEP = BOTH + 4;
  static final int WATCHED = BOTH + 8;
  static final int JOINERS_SLEEP = BOTH + 12;
  static final int CAPACITY = BOTH + 16;
  static final int CAPACITY_BYTES = BOTH + 24;

  static final int COUNT_MASK = (1 << 24) - 1;
  static final long CLOSED = 1L << 24;
  static final long TOGGLE = 1L << 25;
  static final int POSITION_SHIFT = 26;
  static final long POSITION_MASK = (1L << 38) - 1;

  /*
   * A segment:
   *
   *   0                8                64
   *   +----------------+----------------+------------------------------+
   *   | base           | end            | records, a power of two bytes|
   *   +----------------+----------------+------------------------------+
   *   The record at a position p begins (p - base) modulo the capacity after 64. `end` is 0, or one more than the position at
   *   which the next segment goes on; then that is there.
   *
   * A record, of whole units:
   *
   *   0        4        8
   *   +--------+--------+---------------+
   *   | length | kind   | message       |
   *   +--------+--------+---------------+
   *   One of kind SKIP has no length; it goes to the end of the segment, and the next record is at its beginning.
   */
  static final int BASE = 0;
  static final int END = 8;
  static final int RECORDS = 64;

  static final int LENGTH = 0;
  static final int KIND = 4;
  static final int RECORD_HEADER = 8;
  static final int UNIT_BITS = 3;
  static final int SKIP = 0;

  /*
   * A queue is a block with a ring and, if it is joinable, an account of who has taken what is not done:
   *
   *   0            320      324      328
   *   +------------+--------+--------+--------------------
   *   | ring       | used   | flags  | account
   *   +------------+--------+--------+--------------------
   *   Flags: 1 if it is joinable.
   *
   * A pipe is a block with two rings, the first of what is sent to the first end, and an account of who holds which end, guarded by
   * the block's lock:
   *
   *   0            320          640      644      648
   *   +------------+------------+--------+--------+-------------
   *   | ring       | ring       | used   | flags  | account
   *   +------------+------------+--------+--------+-------------
   *   Flags: 1 if it is duplex. The lower half of an id in the account: 0 or 1 for the end that a process holds, plus 2 and 4 times
   *   the number of the shipment for one that is on its way.
   */
  static final int USED = 0;
  static final int FLAGS = 4;
  static final int ACCOUNT = 8;

  static final int MOST_TAKERS = 400;
  static final int MOST_HOLDERS = 400;

  private RingLayout() {}
}
