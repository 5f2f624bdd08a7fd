// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

/** Where things are in the blocks of locks and the like. */
final class SyncLayout {
  /*
   * A lock, in the room that every block has for one. An id is that of an Actor. The waiting bit says that somebody may sleep.
   *
   *   0                       8                16       20       24
   *   +-----------------------+----------------+--------+--------+
   *   | owner's id, or 0;     | fencing token  | holds  | dead   |
   *   | lowest bit: waiting   |                |        | process|
   *   +-----------------------+----------------+--------+--------+
   *   The owner changes by compare-and-set, also when the owner is dead; only the owner writes the rest. A lock alone is a block
   *   of no bytes. In the blocks below that say so, the lock guards all that is written, and whoever finds that its owner
   *   has died finds a block that is as whole as before: what counts is changed by one write.
   *
   * An account says which threads, or processes, have how many of something:
   *
   *   0        4                  16 * n
   *   +--------+--------+--------------+
   *   | count  |        | id           | ...    an entry whose count is 0 is free; the count is written last
   *   +--------+--------+--------------+
   */
  static final int OWNER = 0;
  static final int TOKEN = 8;
  static final int HOLDS = 16;
  static final int DEAD_PROCESS = 20;

  static final int ENTRY_BYTES = 16;
  static final int MOST_ENTRIES = 500;

  /*
   * A semaphore without account; changed by compare-and-set of the whole word:
   *
   *   0                             8
   *   +-----------------------------+--------+
   *   | low half: permits           | bound  |
   *   | high half: who may sleep    | or 0   |
   *   +-----------------------------+--------+
   */
  static final int PERMITS = 0;
  static final int BOUND = 8;
  static final int SEMAPHORE_BYTES = 16;

  /*
   * A semaphore with an account of processes, guarded by its lock. Permits are what the account leaves of the bound.
   *
   *   0        4        8        12       16
   *   +--------+--------+--------+--------+-------------
   *   | changes| waiters| used   | bound  | account
   *   +--------+--------+--------+--------+-------------
   *   Changes are counted so that one can sleep until there is one. Waiters that died are counted for ever, which costs those who
   *   wake them a little. Entries from `used` on were never used.
   *
   * A read-write lock, guarded by its lock, begins alike:
   *
   *   0        4        8        12       16               24               32               40       48
   *   +--------+--------+--------+--------+----------------+----------------+----------------+--------+-------------
   *   | changes| waiters| writer | dead   | writer's id    | id of who wants| fencing token  | used   | account of
   *   |        |        | holds  | process| or 0           | to write next  |                |        | readers
   *   +--------+--------+--------+--------+----------------+----------------+----------------+--------+-------------
   */
  static final int CHANGES = 0;
  static final int WAITERS = 4;
  static final int USED_ENTRIES = 8;
  static final int RECOVERING_BOUND = 12;
  static final int RECOVERING_ACCOUNT = 16;

  static final int WRITER_HOLDS = 8;
  static final int DEAD_WRITER = 12;
  static final int WRITER = 16;
  static final int NEXT_WRITER = 24;
  static final int WRITER_TOKEN = 32;
  static final int USED_READERS = 40;
  static final int READERS = 48;

  /*
   * A barrier, guarded by its lock:
   *
   *   0        4        8        12       16       20       24       28                40
   *   +--------+--------+--------+--------+--------+--------+--------+-----------------+-------------
   *   | changes| waiters| parties| broken | breaks | account| used   | gene- |         | account of who has come, at 72
   *   |        |        |        |        |        | is of  |        | ration|         | (40 to 72: the last 8 that broke)
   *   +--------+--------+--------+--------+--------+--------+--------+-----------------+-------------
   *   A generation ends when all have come or when it breaks. The generations that broke are counted, and the last 8 of them written
   *   down, before the generation is counted up; so who wakes late knows how its own ended: it has seen the number of breaks when
   *   it came. The account counts only if it is of this generation.
   */
  static final int PARTIES = 8;
  static final int BROKEN = 12;
  static final int BREAKS = 16;
  static final int ACCOUNT_OF = 20;
  static final int USED_ARRIVALS = 24;
  static final int GENERATION = 28;
  static final int LAST_BROKEN = 40;
  static final int LAST_BROKEN_COUNT = 8;
  static final int ARRIVED = LAST_BROKEN + LAST_BROKEN_COUNT * 4;

  /*
   * A condition; guarded by the lock it is a condition of:
   *
   *   0        4        8        12       16
   *   +--------+--------+--------+--------+-------------
   *   | signals| ticket | used   |        | slots
   *   +--------+--------+--------+--------+-------------
   *
   * A slot:
   *
   *   0        4        8                16
   *   +--------+--------+----------------+
   *   | state  | ticket | id             |
   *   +--------+--------+----------------+
   *   The state is FREE, WAITING or SIGNALLED, and written last; who waits sleeps on it. Tickets say who came first. Slots from
   *   `used` on were never used.
   */
  static final int SIGNALS = 0;
  static final int NEXT_TICKET = 4;
  static final int USED = 8;
  static final int SLOTS = 16;
  static final int SLOT_BYTES = 16;
  static final int SLOT_TICKET = 4;
  static final int SLOT_ID = 8;
  static final int FREE = 0;
  static final int WAITING = 1;
  static final int SIGNALLED = 2;
  static final int CONDITION_BYTES = SLOTS + MOST_ENTRIES * SLOT_BYTES;

  /*
   * An event or a latch:
   *
   *   0        4
   *   +--------+--------+
   *   | state  | waiting|
   *   +--------+--------+
   *   The state of a latch is its count; that of an event is the number of times it was set, times two, plus 1 if it is set.
   *   Waiting is 1 if somebody may sleep.
   */
  static final int STATE = 0;
  static final int SLEEPERS = 4;
  static final int SIGNAL_BYTES = 8;

  private SyncLayout() {}
}
