// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static io.procpool.ipc.memory.ProcessTableLayout.BELL_OFFSET;
import static io.procpool.ipc.memory.ProcessTableLayout.GENERATION_MASK;
import static io.procpool.ipc.memory.ProcessTableLayout.GENERATION_OFFSET;
import static io.procpool.ipc.memory.ProcessTableLayout.MAGIC;
import static io.procpool.ipc.memory.ProcessTableLayout.PID_OFFSET;
import static io.procpool.ipc.memory.ProcessTableLayout.SLOTS_OFFSET;
import static io.procpool.ipc.memory.ProcessTableLayout.SLOT_BITS;
import static io.procpool.ipc.memory.ProcessTableLayout.SLOT_BYTES;
import static io.procpool.ipc.memory.ProcessTableLayout.SLOT_COUNT;
import static io.procpool.ipc.memory.ProcessTableLayout.TABLE_BYTES;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.util.OptionalLong;
import java.util.Random;

/**
 * Gives each process of the session that has locks a number that no other has had, and tells which of them are alive. Safe for use
 * by multiple threads and processes.
 */
public final class ProcessTable {
  /*
   * Alive.  A process holds a lock on the byte of the file with the number of its slot. The system takes it away when the
   *         process dies, after its last thread can no longer write to memory. So what a dead process held does not change
   *         any more.
   * Number. The slot, and how many processes have had that slot. A number of an earlier process in the same slot is dead.
   * Cached. That a process lives is believed for ALIVE_NANOS, so that a thread that asks again and again costs little.
   */
  private static final String FILE = "processes";
  private static final long ALIVE_NANOS = 5_000_000;
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final MappedFile file;
  private final ByteBuffer memory;
  private final long[] aliveSince = new long[SLOT_COUNT]; // guarded by this; nanoTime, 0: never
  private final int ownNumber;

  private ProcessTable(MappedFile file, boolean member) throws IOException {
    this.file = file;
    this.memory = file.map(0, TABLE_BYTES);
    this.ownNumber = member ? claim() : 0;
  }

  /** Opens the table of this process's session; makes it if there is none. Called once in each process. */
  static ProcessTable join(File directory) {
    File path = new File(directory, FILE);
    try {
      if (!path.isFile()) {
        create(directory, path);
      }
      return new ProcessTable(MappedFile.open(path, MAGIC), true);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the processes of the session cannot be listed: " + e.getMessage(), e);
    }
  }

  private static void create(File directory, File path) throws IOException {
    File unnamed = new File(directory, FILE + "-" + ProcessHandle.current().pid());
    MappedFile.create(unnamed, MAGIC, TABLE_BYTES, "the table of processes");
    try {
      Files.createLink(path.toPath(), unnamed.toPath());
    } catch (FileAlreadyExistsException another) {
      // Which is as good.
    } finally {
      unnamed.delete();
    }
  }

  /**
   * Opens the table of another session, to look at it.
   *
   * @throws IOException if there is none
   */
  public static ProcessTable lookAt(File directory) throws IOException {
    return new ProcessTable(MappedFile.open(new File(directory, FILE), MAGIC), false);
  }

  private int claim() throws IOException {
    int start = new Random().nextInt(SLOT_COUNT); // so that a slot is not soon used again
    for (int i = 0; i < SLOT_COUNT; i++) {
      int slot = start + i & SLOT_COUNT - 1;
      FileLock lock = file.tryLock(slot, false);
      if (lock != null) {
        int at = SLOTS_OFFSET + slot * SLOT_BYTES;
        int generation = Math.max(1, memory.getInt(at + GENERATION_OFFSET) + 1 & GENERATION_MASK);
        memory.putLong(at + PID_OFFSET, ProcessHandle.current().pid());
        INT.setVolatile(memory, at + GENERATION_OFFSET, generation);
        return generation << SLOT_BITS | slot;
      }
    }
    throw new IOException("all " + SLOT_COUNT + " places are taken by living processes");
  }

  /** Returns the number of this process. */
  public int ownNumber() {
    return ownNumber;
  }

  /** Returns the word that all processes of the session ring. */
  public ByteBuffer bell() {
    return memory.slice(BELL_OFFSET, Integer.BYTES).order(ByteOrder.nativeOrder());
  }

  /** Tells whether a process lives. */
  public boolean isAlive(int number) {
    if (number == ownNumber) {
      return true;
    }
    int slot = number & SLOT_COUNT - 1;
    if (generation(slot) != number >>> SLOT_BITS) {
      return false;
    }
    long now = System.nanoTime() | 1;
    synchronized (this) { // two threads would be in each other's way, and take that for life
      if (aliveSince[slot] != 0 && now - aliveSince[slot] < ALIVE_NANOS) {
        return true;
      }
      boolean alive = isLocked(slot);
      aliveSince[slot] = alive ? now : 0;
      return alive && generation(slot) == number >>> SLOT_BITS;
    }
  }

  private boolean isLocked(int slot) {
    try {
      FileLock lock = file.tryLock(slot, true);
      if (lock == null) {
        return true;
      }
      lock.release();
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException("the processes of the session cannot be looked at", e);
    }
  }

  private int generation(int slot) {
    return (int) INT.getVolatile(memory, SLOTS_OFFSET + slot * SLOT_BYTES + GENERATION_OFFSET);
  }

  /** Returns the id that the system gave a process, dead or not, if another has not had its place since. */
  public OptionalLong pid(int number) {
    int slot = number & SLOT_COUNT - 1;
    long pid = memory.getLong(SLOTS_OFFSET + slot * SLOT_BYTES + PID_OFFSET);
    boolean same = number != 0 && generation(slot) == number >>> SLOT_BITS;
    return same ? OptionalLong.of(pid) : OptionalLong.empty();
  }

  /** Ends looking at the table of another session. */
  public void close() {
    file.close();
  }
}
