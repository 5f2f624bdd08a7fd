// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.ENTRY_BYTES;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Who has how many of something, in shared memory; guarded by a lock, but for what the watcher asks. */
public final class Account {
  /*
   * Each change is one write of a count, so that who is killed leaves an account that is right. A new entry's id is written
   * before its count.
   */
  private static final int ID = 8;

  private final ByteBuffer memory;
  private final int at;
  private final int entries;
  private final int usedAt;

  /**
   * Takes over an account.
   *
   * @param at where the entries are
   * @param entries how many there are
   * @param usedAt where it says how many have ever been used
   */
  public Account(ByteBuffer memory, int at, int entries, int usedAt) {
    this.memory = memory;
    this.at = at;
    this.entries = entries;
    this.usedAt = usedAt;
  }

  /** Returns how many an id has. */
  public int of(long id) {
    int entry = find(id);
    return entry < 0 ? 0 : count(entry);
  }

  /** Returns how many all have, dead or alive. */
  int sum() {
    int sum = 0;
    for (int entry = 0; entry < used(); entry++) {
      sum += count(entry);
    }
    return sum;
  }

  /** Gives an id some more, or takes some away; tells whether there was room for another id. */
  public boolean add(long id, int change) {
    int entry = find(id);
    if (entry < 0) {
      entry = findFree();
      if (entry < 0) {
        return false;
      }
      memory.putLong(place(entry) + ID, id);
      if (entry >= used()) {
        memory.putInt(usedAt, entry + 1);
      }
    }
    Words.INT.setRelease(memory, place(entry), count(entry) + change);
    return true;
  }

  /** Returns how many ids more there is room for. */
  public int free() {
    int free = entries - used();
    for (int entry = 0; entry < used(); entry++) {
      free += count(entry) == 0 ? 1 : 0;
    }
    return free;
  }

  /** Takes away all that belongs to dead processes; tells whether there was anything. */
  public boolean removeDead() {
    boolean removed = false;
    for (int entry = 0; entry < used(); entry++) {
      if (count(entry) != 0 && !Actor.isAlive(id(entry))) {
        Words.INT.setRelease(memory, place(entry), 0);
        removed = true;
      }
    }
    return removed;
  }

  /** Tells whether something belongs to a dead process. Needs no lock. */
  public boolean hasDead() {
    for (int entry = 0; entry < used(); entry++) {
      if (count(entry) != 0 && !Actor.isAlive(id(entry))) {
        return true;
      }
    }
    return false;
  }

  /** Returns how many dead processes have. Needs no lock. */
  public int sumOfDead() {
    int sum = 0;
    for (int entry = 0; entry < used(); entry++) {
      int count = count(entry);
      sum += count != 0 && !Actor.isAlive(id(entry)) ? count : 0;
    }
    return sum;
  }

  /** Tells whether an id of a living process has something whose bits under a mask are as given. Needs no lock. */
  public boolean hasAlive(long mask, long bits) {
    for (int entry = 0; entry < used(); entry++) {
      long id = id(entry);
      if (count(entry) != 0 && (id & mask) == bits && Actor.isAlive(id)) {
        return true;
      }
    }
    return false;
  }

  /** Returns how many bytes so many entries take. */
  public static int bytes(int entries) {
    return entries * ENTRY_BYTES;
  }

  /** Takes away everything. */
  void clear() {
    for (int entry = 0; entry < used(); entry++) {
      if (count(entry) != 0) {
        Words.INT.setRelease(memory, place(entry), 0);
      }
    }
  }

  /** Returns the ids that have something. Needs no lock. */
  long[] ids() {
    long[] found = new long[used()];
    int size = 0;
    for (int entry = 0; entry < found.length; entry++) {
      if (count(entry) != 0) {
        found[size++] = id(entry);
      }
    }
    return Arrays.copyOf(found, size);
  }

  private int find(long id) {
    for (int entry = 0; entry < used(); entry++) {
      if (count(entry) != 0 && id(entry) == id) {
        return entry;
      }
    }
    return -1;
  }

  private int findFree() {
    for (int entry = 0; entry < entries; entry++) {
      if (count(entry) == 0) {
        return entry;
      }
    }
    return -1;
  }

  private int used() {
    return Math.min(memory.getInt(usedAt), entries);
  }

  private int count(int entry) {
    return (int) Words.INT.getAcquire(memory, place(entry));
  }

  private long id(int entry) {
    return memory.getLong(place(entry) + ID);
  }

  private int place(int entry) {
    return at + entry * ENTRY_BYTES;
  }
}
