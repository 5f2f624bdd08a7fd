// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static io.procpool.ipc.memory.BlockLayout.ARENA_BYTES;
import static io.procpool.ipc.memory.BlockLayout.ARENA_MAGIC;
import static io.procpool.ipc.memory.BlockLayout.BLOCK_HEADER_BYTES;
import static io.procpool.ipc.memory.BlockLayout.CELLS_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.CELL_BYTES;
import static io.procpool.ipc.memory.BlockLayout.CELL_COUNT;
import static io.procpool.ipc.memory.BlockLayout.CONTINUATION;
import static io.procpool.ipc.memory.BlockLayout.DELETED;
import static io.procpool.ipc.memory.BlockLayout.GENERATIONS_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.RETIRED_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.TABLE_OFFSET;

import io.procpool.ipc.FaultPoint;
import io.procpool.spi.SharedBlock;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A file that many small blocks share, as this process sees it. Safe for use by multiple threads and processes. */
final class Arena {
  /*
   * Holding. A process that uses a block has a shared lock on the byte of the file with the number of the block's first
   *          cell. The system takes it away when the process dies. Who gets that lock for itself knows that nobody uses
   *          the block.
   * Table.   Changed only by who has the allocation lock, which is another byte's; it is held for microseconds, and whoever
   *          dies with it leaves a table that can be read.
   * Reuse.   Cells that were given back are left alone for QUARANTINE_MILLIS: a thread that was about to access a block while
   *          another closed it is through by then.
   * Retired. An arena without blocks is deleted if another one has much room. What is mapped of it stays mapped, so that there is no
   *          hurry about threads that are still inside.
   * Killed.  A deleted block whose last holder was killed is given back when somebody finds the arena full. One that was not deleted
   *          may yet be used by somebody who is being sent its name, as far as can be told here; who knows better has it given back.
   */
  private static final long ALLOCATION_LOCK = Long.MAX_VALUE - 1;
  private static final long QUARANTINE_MILLIS = 2000;
  private static final int LARGEST_CELLS = 128;
  private static final long LOCK_SECONDS = 10;
  private static final long LOOK_NANOS = 20_000;

  /** The largest block that has a place here, in bytes. */
  static final int LARGEST_BYTES =
      LARGEST_CELLS * CELL_BYTES - BLOCK_HEADER_BYTES - SharedBlock.LOCK_BYTES;

  private final File directory;
  private final String session;
  private final String name;
  private final MappedFile file;
  private final ByteBuffer memory;
  private final Consumer<Arena> released;
  private final Map<Integer, CellHolding> holdings = new HashMap<>(); // guarded by this

  private Arena(File directory, String name, MappedFile file, Consumer<Arena> released)
      throws IOException {
    this.released = released;
    this.directory = directory;
    this.session = directory.getName();
    this.name = name;
    this.file = file;
    this.memory = file.map(0, ARENA_BYTES);
  }

  /**
   * Opens an arena.
   *
   * @param released called whenever a block was given back by this process
   * @throws IOException if there is none of this version
   */
  static Arena open(File directory, String name, Consumer<Arena> released) throws IOException {
    MappedFile file = MappedFile.open(new File(directory, name), ARENA_MAGIC);
    if (file.length() != ARENA_BYTES) {
      file.close();
      throw new IOException(
          "the file " + file + " is no arena of " + ARENA_BYTES + " bytes: " + file.length());
    }
    return new Arena(directory, name, file, released);
  }

  /** Makes an arena. */
  static void create(File directory, String name) {
    MappedFile.create(
        new File(directory, name), ARENA_MAGIC, ARENA_BYTES, "more shared values or locks");
  }

  /** Makes a block; null if there is no room. */
  synchronized @Nullable Block allocate(String kind, long bytes) {
    int cells = cells(bytes);
    FileLock allocation = lock(ALLOCATION_LOCK, false);
    try {
      if (isRetired()) {
        return null;
      }
      int cell = find(cells);
      if (cell < 0) {
        giveBackOfTheDead();
        cell = find(cells);
      }
      return cell < 0 ? null : allocate(cell, cells, kind, bytes);
    } finally {
      release(allocation);
    }
  }

  private Block allocate(int cell, int cells, String kind, long bytes) {
    long generation = memory.getLong(GENERATIONS_OFFSET) + 1;
    memory.putLong(GENERATIONS_OFFSET, generation);
    ByteBuffer block = slice(cell, cells);
    block.put(0, new byte[block.capacity()]);
    for (int i = 1; i < cells; i++) {
      word(cell + i, CONTINUATION);
    }
    BlockHandle handle = new BlockHandle(session, name, cell, generation, kind, bytes);
    BlockHeader.write(block, handle);
    CellHolding holding = hold(cell, block);
    FaultPoint.reached("arena.allocating");
    VarHandle.releaseFence();
    word(cell, -cells);
    return block(handle, holding, true);
  }

  /**
   * Gets hold of a block that another process has made, or this one.
   *
   * @throws IllegalStateException if it is gone
   */
  synchronized Block attach(BlockHandle handle) {
    int cell = handle.cell();
    CellHolding holding = holdings.get(cell);
    if (holding != null) {
      holding.handles++;
    } else {
      long word = word(cell);
      int cells = cells(handle.bytes());
      if (word != -cells || cell + cells > CELL_COUNT) {
        throw BlockHeader.deleted(handle);
      }
      holding = hold(cell, slice(cell, cells));
    }
    try {
      BlockHeader.check(holding.block, handle);
    } catch (IllegalStateException gone) {
      letGo(holding, false);
      throw gone;
    }
    return block(handle, holding, false);
  }

  private CellHolding hold(int cell, ByteBuffer block) {
    CellHolding holding = new CellHolding(cell, block, lock(cell, true));
    holdings.put(cell, holding);
    return holding;
  }

  private static Block block(BlockHandle handle, CellHolding holding, boolean maker) {
    ByteBuffer shared =
        holding.block.slice(BLOCK_HEADER_BYTES, (int) SharedBlock.room(handle.bytes()));
    return new Block(handle, holding, new ByteBuffer[] {shared}, maker);
  }

  private synchronized void letGo(CellHolding holding, boolean closed) {
    if (--holding.handles > 0) {
      return;
    }
    holdings.remove(holding.cell);
    long generation = BlockHeader.generation(holding.block);
    release(holding.lock);
    if (closed || BlockHeader.state(holding.block) == DELETED) {
      FileLock allocation = lock(ALLOCATION_LOCK, false);
      try {
        giveBack(holding.cell, generation, block -> true);
      } finally {
        release(allocation);
      }
    }
  }

  /** Gives a block back if it is still this one, nobody holds it, and a condition is met then; under the allocation lock. */
  private void giveBack(int cell, long generation, Predicate<ByteBuffer> condition) {
    int cells = (int) -word(cell);
    if (cells < 1
        || cell + cells > CELL_COUNT
        || BlockHeader.generation(slice(cell, cells)) != generation) {
      return; // somebody else has given it back
    }
    FileLock alone = tryLock(cell, false);
    if (alone != null && !condition.test(slice(cell, cells))) {
      release(alone);
    } else if (alone != null) {
      BlockHeader.delete(slice(cell, cells));
      files(cell, slice(cell, cells)).deleteAll();
      long now = System.currentTimeMillis();
      for (int i = cells - 1; i >= 0; i--) {
        word(cell + i, now); // the beginning last: until then the block is whole
      }
      release(alone);
    }
  }

  private BlockFiles files(int cell, ByteBuffer block) {
    return new BlockFiles(directory, name, cell, block);
  }

  private void giveBackOfTheDead() {
    giveBackAll(block -> BlockHeader.state(block) == DELETED, block -> true);
  }

  /** Gives back those blocks of a kind that nobody holds, and nobody ever will, as can be told from their memory. */
  synchronized void giveBackAbandoned(String kind, Predicate<ByteBuffer> isAbandoned) {
    FileLock allocation = lock(ALLOCATION_LOCK, false);
    try {
      giveBackAll(
          block -> BlockHeader.isLive(block, kind),
          block -> isAbandoned.test(block
              .slice(BLOCK_HEADER_BYTES, block.capacity() - BLOCK_HEADER_BYTES)
              .order(block.order())));
    } finally {
      release(allocation);
    }
  }

  private void giveBackAll(Predicate<ByteBuffer> asked, Predicate<ByteBuffer> condition) {
    for (int cell = 0; cell < CELL_COUNT; cell++) {
      long word = word(cell);
      if (isBeginning(word) && cell - word <= CELL_COUNT && !holdings.containsKey(cell)) {
        ByteBuffer block = slice(cell, (int) -word);
        if (asked.test(block)) {
          giveBack(cell, BlockHeader.generation(block), condition);
        }
      }
    }
  }

  /** Returns the first of some cells in a row that are free, or -1. Under the allocation lock. */
  private int find(int cells) {
    long now = System.currentTimeMillis();
    int free = 0;
    for (int cell = 0; cell < CELL_COUNT; ) {
      long word = word(cell);
      if (isBeginning(word)) {
        cell += (int) -word;
        free = 0;
      } else {
        // A continuation here belongs to no block: its maker died. It is as good as free.
        boolean quarantined =
            word > now - QUARANTINE_MILLIS && word <= now; // later: the clock was set back
        free = quarantined ? 0 : free + 1;
        cell++;
        if (free == cells) {
          return cell - cells;
        }
      }
    }
    return -1;
  }

  /** Tells whether the file was deleted; what is mapped of it stays, but nobody else can get hold of it. */
  boolean isRetired() {
    return memory.getInt(RETIRED_OFFSET) != 0;
  }

  /** Tells whether much is free, as far as one can tell without the allocation lock. */
  boolean hasMuchRoom() {
    int free = 0;
    for (int cell = 0; cell < CELL_COUNT; ) {
      long word = word(cell);
      int cells = isBeginning(word) ? (int) -word : 1;
      free += isBeginning(word) ? 0 : 1;
      cell += cells;
    }
    return free > CELL_COUNT / 4 && !isRetired();
  }

  /** Deletes the file if no block is left in it; tells whether it is gone. */
  synchronized boolean retireIfEmpty() {
    if (!holdings.isEmpty()) {
      return false;
    }
    FileLock allocation = lock(ALLOCATION_LOCK, false);
    try {
      if (!isRetired() && isEmpty()) {
        memory.putInt(RETIRED_OFFSET, 1);
        file.delete();
      }
      return isRetired();
    } finally {
      release(allocation);
    }
  }

  /** Ends the use by this process, which holds no block in it. */
  void close() {
    file.close();
  }

  private boolean isEmpty() {
    for (int cell = 0; cell < CELL_COUNT; cell++) {
      if (isBeginning(word(cell))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isBeginning(long word) {
    return word < 0 && word >= -LARGEST_CELLS;
  }

  private static int cells(long bytes) {
    return (int) ((BLOCK_HEADER_BYTES + SharedBlock.room(bytes) + CELL_BYTES - 1) / CELL_BYTES);
  }

  private ByteBuffer slice(int cell, int cells) {
    return memory.slice(CELLS_OFFSET + cell * CELL_BYTES, cells * CELL_BYTES).order(memory.order());
  }

  private long word(int cell) {
    return memory.getLong(TABLE_OFFSET + cell * Long.BYTES);
  }

  private void word(int cell, long word) {
    memory.putLong(TABLE_OFFSET + cell * Long.BYTES, word);
  }

  /** Waits for a lock that others hold for moments only. */
  private FileLock lock(long at, boolean shared) {
    long start = System.nanoTime();
    while (true) {
      FileLock lock = tryLock(at, shared);
      if (lock != null) {
        return lock;
      }
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(LOCK_SECONDS)) {
        throw new IllegalStateException("the shared memory " + file + " has been locked for "
            + LOCK_SECONDS + " s; is a process of this session stopped?");
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private @Nullable FileLock tryLock(long at, boolean shared) {
    try {
      return file.tryLock(at, shared);
    } catch (IOException e) {
      throw new UncheckedIOException("the shared memory " + file + " cannot be locked", e);
    }
  }

  private void release(FileLock lock) {
    try {
      lock.release();
    } catch (IOException e) {
      throw new UncheckedIOException("the shared memory " + file + " cannot be unlocked", e);
    }
  }

  /** The lock that this process has on a block, and how many handles stand behind it. */
  private final class CellHolding implements Block.Holding {
    private final int cell;
    private final ByteBuffer block;
    private final FileLock lock;
    private int handles = 1; // guarded by the arena

    CellHolding(int cell, ByteBuffer block, FileLock lock) {
      this.cell = cell;
      this.block = block;
      this.lock = lock;
    }

    @Override
    public void delete() {
      BlockHeader.delete(block);
    }

    @Override
    public BlockFiles files() {
      return Arena.this.files(cell, block);
    }

    @Override
    public void pin() {
      synchronized (Arena.this) {
        handles++; // which nobody closes
      }
    }

    @Override
    public void release(boolean closed) {
      letGo(this, closed);
      released.accept(Arena.this);
    }
  }
}
