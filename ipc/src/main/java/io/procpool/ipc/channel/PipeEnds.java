// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import static io.procpool.ipc.channel.RingLayout.ACCOUNT;
import static io.procpool.ipc.channel.RingLayout.MOST_HOLDERS;
import static io.procpool.ipc.channel.RingLayout.RING_BYTES;
import static io.procpool.ipc.channel.RingLayout.USED;

import io.procpool.ipc.memory.Block;
import io.procpool.ipc.sync.Account;
import io.procpool.ipc.sync.Actor;
import io.procpool.ipc.sync.LockWord;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** Which processes hold which end of a pipe, and which ends are on their way. Safe for use by multiple threads and processes. */
final class PipeEnds {
  /*
   * What is on its way has an entry of its own, with a number: it goes when the end arrives, or when it is known that it never
   * will, whichever comes first, and a second arrival of the same bytes finds it gone. If there is not much room left, it
   * is counted together with others under the number 0, and each arrival counts one less.
   */
  private static final int AT = 2 * RING_BYTES;
  private static final long END_MASK = 1;
  private static final long ON_ITS_WAY = 2;
  private static final int NUMBER_SHIFT = 2;
  private static final int NUMBERS = 1 << 29;
  private static final int FEW = MOST_HOLDERS / 4;
  private static final long GUARD_NANOS = 10_000_000;
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final LockWord guard;
  private final Account account;

  PipeEnds(Block block) {
    ByteBuffer memory = block.part(0);
    this.guard = new LockWord(block, memory, (int) block.lockAt());
    this.account = new Account(memory, AT + ACCOUNT, MOST_HOLDERS, AT + USED);
  }

  /** Tells from the memory of a pipe that nobody has mapped whether nobody will: its ends are not on their way either. */
  static boolean areAbandoned(ByteBuffer memory) {
    return !new Account(memory, AT + ACCOUNT, MOST_HOLDERS, AT + USED).hasAlive(0, 0);
  }

  /** Returns how many bytes a pipe takes. */
  static int pipeBytes() {
    return AT + ACCOUNT + Account.bytes(MOST_HOLDERS);
  }

  /** Tells whether anybody who lives holds an end, or has sent it. */
  boolean isHeld(int end) {
    return hasAlive(END_MASK, end);
  }

  /** Tells whether anybody who lives holds either end, or has sent it. */
  boolean isHeld() {
    return hasAlive(0, 0);
  }

  /** Who looks without the guard may miss an end that is just arriving; what is said of the last one must be right. */
  private boolean hasAlive(long mask, long bits) {
    if (account.hasAlive(mask, bits) || !guard.tryGuard(GUARD_NANOS)) {
      return true; // or somebody is stopped in there, and will be asked again
    }
    try {
      return account.hasAlive(mask, bits);
    } finally {
      guard.release();
    }
  }

  /**
   * Counts another handle of this process.
   *
   * @throws IllegalStateException if too many processes hold the pipe
   */
  void hold(int end) {
    guard.guard();
    try {
      holdGuarded(end);
    } finally {
      guard.release();
    }
  }

  private void holdGuarded(int end) {
    if (!add(heldBy(end))) {
      throw new IllegalStateException(
          "more than " + MOST_HOLDERS + " processes hold an end of one pipe");
    }
  }

  private boolean add(long id) {
    return account.add(id, 1) || account.removeDead() && account.add(id, 1);
  }

  /** Returns the id under which the handles of this process are counted. */
  static long heldBy(int end) {
    return Actor.processId() | end;
  }

  /** Counts an end that is about to be sent, and returns the id under which it is counted. */
  long ship(int end) {
    guard.guard();
    try {
      long kind = heldBy(end) | ON_ITS_WAY;
      long id = kind | (long) (NUMBER.incrementAndGet() & NUMBERS - 1) << NUMBER_SHIFT;
      if (account.free() > FEW && add(id)) {
        return id;
      }
      if (add(kind)) {
        return kind;
      }
      throw new IllegalStateException(
          "more than " + MOST_HOLDERS + " processes hold or send an end of one pipe");
    } finally {
      guard.release();
    }
  }

  /** Says that an end has arrived: this process holds it. */
  void arrive(int end, long shipped) {
    guard.guard();
    try {
      holdGuarded(end);
      removeGuarded(shipped);
    } finally {
      guard.release();
    }
  }

  /** Counts one less under an id: a handle that was closed, or an end that will not arrive if it has not yet. */
  void release(long id) {
    guard.guard();
    try {
      removeGuarded(id);
    } finally {
      guard.release();
    }
  }

  private void removeGuarded(long id) {
    if (account.of(id) > 0) {
      account.add(id, -1);
    }
  }
}
