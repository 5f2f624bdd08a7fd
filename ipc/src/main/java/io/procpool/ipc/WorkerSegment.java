// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import static io.procpool.ipc.WorkerSegmentLayout.AREA_BYTES;
import static io.procpool.ipc.WorkerSegmentLayout.AREA_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.BATCH_FIRST_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.COUNT_BITS;
import static io.procpool.ipc.WorkerSegmentLayout.COUNT_MASK;
import static io.procpool.ipc.WorkerSegmentLayout.FRACTION_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.HEAP_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.ITEM_START_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.LAST_WORD_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.MAGIC;
import static io.procpool.ipc.WorkerSegmentLayout.MAGIC_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.MESSAGE_BYTES;
import static io.procpool.ipc.WorkerSegmentLayout.MESSAGE_LENGTH_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.MESSAGE_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.MESSAGE_VERSION_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.PROGRESS_NANOS_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.PUBLISHED_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.SEGMENT_BYTES;
import static io.procpool.ipc.WorkerSegmentLayout.SLOTS_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.SLOT_COUNT;
import static io.procpool.ipc.WorkerSegmentLayout.STATE_BITS;
import static io.procpool.ipc.WorkerSegmentLayout.STATE_MASK;
import static io.procpool.ipc.WorkerSegmentLayout.TO_MASTER_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.TO_WORKER_OFFSET;
import static io.procpool.ipc.WorkerSegmentLayout.VERSION;
import static io.procpool.ipc.WorkerSegmentLayout.VERSION_OFFSET;

import io.procpool.TaskProgress;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The memory that the master shares with one worker: the state of each unit sent to it, and the outcomes of a batch before
 * they have been sent. It outlives the worker, so after a death the master knows exactly what had been started and what
 * had been finished; and because each transition is a compare-and-set, a unit is started, taken back or killed by exactly
 * one of the two.
 *
 * <p><b>Visibility.</b> A process that sees {@code published} count an item also sees its encoded outcome. Safe for use by
 * multiple threads, the methods of the worker's side by its task thread only.
 */
public final class WorkerSegment {
  /** How long the message of a progress may be. */
  public static final int MAX_MESSAGE_BYTES = MESSAGE_BYTES;

  /** How many units may be outstanding at a worker. */
  public static final int MAX_UNITS = SLOT_COUNT;

  /** Tells whether two units would share a slot, and so must not be outstanding at the same time. */
  public static boolean shareSlot(int seq, int otherSeq) {
    return seq % SLOT_COUNT == otherSeq % SLOT_COUNT;
  }

  /** How many items a unit may have. */
  public static final int MAX_ITEMS = COUNT_MASK;

  /** Sequence numbers wrap around after so many units. */
  public static final int SEQ_COUNT = 1 << 20;

  /** Where a unit stands. */
  public enum UnitState {
    /** The slot is not in use by this unit. */
    FREE,
    /** Sent; the worker has not begun it. */
    OFFERED,
    /** The worker has begun it. */
    STARTED,
    /** The worker has ended it. */
    DONE,
    /** Taken back by the master before the worker began it. */
    REVOKED,
    /** The master is about to kill the worker because of this unit. */
    KILLED,
    /** The worker has begun it, and the item that it is at is over a limit of time: it is to be interrupted. */
    OVERDUE;

    /** Tells whether the worker has begun it and not ended it. */
    public boolean isRunning() {
      return this == STARTED || this == OVERDUE;
    }
  }

  /** What a worker says of its end, in case nothing else comes through. */
  public enum LastWord {
    /** Nothing: it lives, or its end was sudden. */
    NONE,
    /** It exits in order: its shutdown hooks are run. */
    EXITS,
    /** An OutOfMemoryError: the heap is full. */
    HEAP,
    /** An OutOfMemoryError: there is no room for classes. */
    METASPACE,
    /** An OutOfMemoryError: there is no room for direct buffers. */
    DIRECT_MEMORY,
    /** An OutOfMemoryError: no thread could be started. */
    THREADS,
    /** An OutOfMemoryError of another kind. */
    OTHER_MEMORY
  }

  private static final LastWord[] LAST_WORDS = LastWord.values();
  private static final int HEAP_BITS = 44;
  private static final int MESSAGE_TRIES = 100;
  private static final UnitState[] STATES = UnitState.values();
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final ByteBuffer memory;
  private final FrameRing toWorker;
  private final FrameRing toMaster;

  private WorkerSegment(ByteBuffer memory) {
    this.memory = memory.order(ByteOrder.nativeOrder());
    this.toWorker = new FrameRing(memory.slice(TO_WORKER_OFFSET, FrameRing.RING_BYTES));
    this.toMaster = new FrameRing(memory.slice(TO_MASTER_OFFSET, FrameRing.RING_BYTES));
  }

  /** Returns the frames to the worker. */
  public FrameRing toWorker() {
    return toWorker;
  }

  /** Returns the frames to the master. */
  public FrameRing toMaster() {
    return toMaster;
  }

  /**
   * Creates the file and maps it. All of it is really reserved, so that a full file system fails here.
   *
   * @throws IOException if there is no room, or the file exists
   */
  public static WorkerSegment create(Path file) throws IOException {
    if (!file.toFile().createNewFile()) {
      throw new IOException("the worker segment " + file + " exists already");
    }
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
      opened.write(new byte[SEGMENT_BYTES]);
      WorkerSegment segment = new WorkerSegment(map(opened));
      segment.memory.putInt(VERSION_OFFSET, VERSION);
      segment.memory.putInt(MAGIC_OFFSET, MAGIC);
      return segment;
    } catch (IOException e) {
      file.toFile().delete();
      throw new IOException(
          "no room for the worker segment " + file + " of " + SEGMENT_BYTES + " bytes: "
              + e.getMessage(),
          e);
    }
  }

  /**
   * Maps an existing file.
   *
   * @throws IOException if it is not a segment of this version
   */
  public static WorkerSegment open(String file) throws IOException {
    try (RandomAccessFile opened = new RandomAccessFile(file, "rw")) {
      if (opened.length() != SEGMENT_BYTES) {
        throw new IOException("the worker segment " + file + " has " + opened.length()
            + " bytes (expected: " + SEGMENT_BYTES + ")");
      }
      WorkerSegment segment = new WorkerSegment(map(opened));
      if (segment.memory.getInt(MAGIC_OFFSET) != MAGIC
          || segment.memory.getInt(VERSION_OFFSET) != VERSION) {
        throw new IOException(
            "the file " + file + " is not a worker segment of version " + VERSION);
      }
      return segment;
    }
  }

  private static MappedByteBuffer map(RandomAccessFile file) throws IOException {
    return file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, SEGMENT_BYTES);
  }

  private static int slot(int seq) {
    return SLOTS_OFFSET + seq % SLOT_COUNT * Long.BYTES;
  }

  private static long word(int seq, UnitState state, int limit, int next) {
    return (((long) seq << STATE_BITS | state.ordinal()) << COUNT_BITS | limit) << COUNT_BITS
        | next;
  }

  private long read(int seq) {
    return (long) LONG.getVolatile(memory, slot(seq));
  }

  private boolean change(int seq, long from, long to) {
    return LONG.compareAndSet(memory, slot(seq), from, to);
  }

  private static boolean belongs(long word, int seq) {
    return word >>> (STATE_BITS + 2 * COUNT_BITS) == seq;
  }

  private static UnitState state(long word) {
    int ordinal = (int) (word >>> (2 * COUNT_BITS)) & STATE_MASK;
    return ordinal < STATES.length ? STATES[ordinal] : UnitState.FREE;
  }

  private static int limit(long word) {
    return (int) (word >>> COUNT_BITS) & COUNT_MASK;
  }

  private static int next(long word) {
    return (int) word & COUNT_MASK;
  }

  // The master's side.

  /** Clears everything for a new worker; the former one must be gone. */
  public void reset() {
    for (int i = 0; i < SLOT_COUNT; i++) {
      LONG.setVolatile(memory, SLOTS_OFFSET + i * Long.BYTES, 0L);
    }
    LONG.setVolatile(memory, PUBLISHED_OFFSET, 0L);
    LONG.setVolatile(memory, BATCH_FIRST_OFFSET, 0L);
    LONG.setVolatile(memory, ITEM_START_OFFSET, 0L);
    LONG.setVolatile(memory, PROGRESS_NANOS_OFFSET, 0L);
    LONG.setVolatile(memory, HEAP_OFFSET, 0L);
    LONG.setVolatile(memory, LAST_WORD_OFFSET, 0L);
    LONG.setVolatile(memory, MESSAGE_VERSION_OFFSET, 0L);
    memory.putInt(MESSAGE_LENGTH_OFFSET, 0);
    toWorker.reset();
    toMaster.reset();
  }

  /** Makes a unit available to the worker; its frame must be sent after this. */
  public void offer(int seq, int count) {
    LONG.setVolatile(memory, slot(seq), word(seq, UnitState.OFFERED, count, 0));
  }

  /** Takes a unit back. True if the worker has not begun it and never will. */
  public boolean revoke(int seq) {
    long word = read(seq);
    return belongs(word, seq)
        && state(word) == UnitState.OFFERED
        && change(seq, word, word(seq, UnitState.REVOKED, limit(word), 0));
  }

  /**
   * Takes back the items of a begun unit that have not been begun, all but the first {@code keep} of them.
   *
   * @return how many items the unit keeps in all, or -1 if nothing could be taken back
   */
  public int truncate(int seq, int keep) {
    while (true) {
      long word = read(seq);
      if (!belongs(word, seq) || !state(word).isRunning()) {
        return -1;
      }
      int limit = next(word) + keep;
      if (limit >= limit(word)) {
        return -1;
      }
      if (change(seq, word, word(seq, state(word), limit, next(word)))) {
        return limit;
      }
    }
  }

  /**
   * Claims the right to kill the worker because of a unit that has run too long. After true, the worker begins nothing
   * else; false if the item has ended or another has begun in the meantime.
   *
   * @param item number of the item within the unit
   */
  public boolean kill(int seq, int item) {
    while (true) {
      long word = read(seq);
      if (!belongs(word, seq) || !state(word).isRunning() || next(word) != item + 1) {
        return false;
      }
      if (change(seq, word, word(seq, UnitState.KILLED, limit(word), next(word)))) {
        return true;
      }
    }
  }

  /**
   * Has an item interrupted that has run too long. After true, the worker finds that before it goes on to another item; false if the item
   * has ended or another has begun in the meantime, or if that was so already.
   *
   * @param item number of the item within the unit
   */
  public boolean overdue(int seq, int item) {
    while (true) {
      long word = read(seq);
      if (!belongs(word, seq) || state(word) != UnitState.STARTED || next(word) != item + 1) {
        return false;
      }
      if (change(seq, word, word(seq, UnitState.OVERDUE, limit(word), next(word)))) {
        return true;
      }
    }
  }

  /** Returns where a unit stands. */
  public UnitState state(int seq) {
    long word = read(seq);
    return belongs(word, seq) ? state(word) : UnitState.FREE;
  }

  /** Returns how many items of a unit have been begun. */
  public int begun(int seq) {
    long word = read(seq);
    return belongs(word, seq) ? next(word) : 0;
  }

  /**
   * Returns when the item that runs now was begun, as {@link System#nanoTime()} of this machine: exactly if the work has a
   * run timeout, otherwise the time may be that of an item a few milliseconds before.
   */
  public long itemStartNanos() {
    return (long) LONG.getVolatile(memory, ITEM_START_OFFSET);
  }

  /** Returns when progress was last reported, as {@link System#nanoTime()} of this machine; 0 for never. It may have been for another item. */
  public long progressNanos() {
    return (long) LONG.getVolatile(memory, PROGRESS_NANOS_OFFSET);
  }

  /** Returns what was last reported. The words are left out if they change all the time, or the worker died with them half written. */
  public TaskProgress progress() {
    double fraction = Double.longBitsToDouble((long) LONG.getVolatile(memory, FRACTION_OFFSET));
    if (!(fraction >= 0 && fraction <= 1)) {
      fraction = 0;
    }
    byte[] message = new byte[MESSAGE_BYTES];
    for (int i = 0; i < MESSAGE_TRIES; i++) {
      long version = (long) LONG.getAcquire(memory, MESSAGE_VERSION_OFFSET);
      int length = Math.max(0, Math.min(memory.getInt(MESSAGE_LENGTH_OFFSET), MESSAGE_BYTES));
      memory.get(MESSAGE_OFFSET, message, 0, length);
      VarHandle.loadLoadFence();
      if ((version & 1) == 0
          && version == (long) LONG.getVolatile(memory, MESSAGE_VERSION_OFFSET)) {
        return new TaskProgress(fraction, new String(message, 0, length, StandardCharsets.UTF_8));
      }
      Thread.onSpinWait();
    }
    return new TaskProgress(fraction, "");
  }

  /** Returns how much of its heap the worker used when it last looked while this unit ran, in bytes, rounded to KiB; -1 if it has not looked. */
  public long heapBytes(int seq) {
    long word = (long) LONG.getVolatile(memory, HEAP_OFFSET);
    long kibibytes = word & ((1L << HEAP_BITS) - 1);
    return word >>> HEAP_BITS == seq && kibibytes > 0 ? kibibytes << 10 : -1;
  }

  /** Returns what the worker has said of its end. */
  public LastWord lastWord() {
    long word = (long) LONG.getVolatile(memory, LAST_WORD_OFFSET);
    return word >= 0 && word < LAST_WORDS.length ? LAST_WORDS[(int) word] : LastWord.NONE;
  }

  /** Outcomes that a dead worker had completed and not sent. */
  public record Unsent(int first, int count, byte[] outcomes) {}

  /** Returns what the area holds of a unit; only after the worker's death. Says nothing if the area makes no sense. */
  public Unsent unsent(int seq) {
    long batch = (long) LONG.getVolatile(memory, BATCH_FIRST_OFFSET);
    long published = (long) LONG.getVolatile(memory, PUBLISHED_OFFSET);
    int bytes = (int) published;
    int count = (int) (published >>> 32);
    if ((int) (batch >>> 32) != seq
        || bytes < 0
        || bytes > AREA_BYTES
        || count < 0
        || count > MAX_ITEMS) {
      return new Unsent(0, 0, new byte[0]);
    }
    byte[] outcomes = new byte[bytes];
    memory.get(AREA_OFFSET, outcomes);
    return new Unsent((int) batch, count, outcomes);
  }

  // The worker's side.

  /** Begins a unit and its first item. False if it was taken back. */
  public boolean begin(int seq) {
    LONG.setOpaque(memory, ITEM_START_OFFSET, System.nanoTime());
    long word = read(seq);
    return belongs(word, seq)
        && state(word) == UnitState.OFFERED
        && change(seq, word, word(seq, UnitState.STARTED, limit(word), 1));
  }

  /** Notes when the next item begins; before {@link #beginItem}. */
  public void itemStart(long nanos) {
    LONG.setOpaque(memory, ITEM_START_OFFSET, nanos);
  }

  /** Begins the next item of a begun unit. False if there is none left, or the worker is about to be killed. */
  public boolean beginItem(int seq) {
    while (true) {
      long word = read(seq);
      if (!belongs(word, seq) || state(word) != UnitState.STARTED || next(word) == limit(word)) {
        return false;
      }
      if (change(seq, word, word + 1)) {
        return true;
      }
    }
  }

  /** Tells whether the item that the unit is at is to be interrupted. */
  public boolean isOverdue(int seq) {
    return state(seq) == UnitState.OVERDUE;
  }

  /** The item of a unit that was to be interrupted has ended: the unit may go on. False if the worker is about to be killed. */
  public boolean settle(int seq) {
    while (true) {
      long word = read(seq);
      if (!belongs(word, seq) || state(word) != UnitState.OVERDUE) {
        return false;
      }
      if (change(seq, word, word(seq, UnitState.STARTED, limit(word), next(word)))) {
        return true;
      }
    }
  }

  /**
   * Ends a unit.
   *
   * @return where it stood: {@link UnitState#STARTED} or {@link UnitState#OVERDUE}; {@link UnitState#KILLED} if it has not been ended, because the
   *     worker is about to be killed
   */
  public UnitState end(int seq) {
    while (true) {
      long word = read(seq);
      if (!belongs(word, seq) || !state(word).isRunning()) {
        return UnitState.KILLED;
      }
      if (change(seq, word, word(seq, UnitState.DONE, limit(word), next(word)))) {
        return state(word);
      }
    }
  }

  /** Says how far the item is that runs; one thread at a time. Of a longer message only so many bytes are kept. */
  public void report(double fraction, byte[] message, int length) {
    long version = (long) LONG.getOpaque(memory, MESSAGE_VERSION_OFFSET) | 1;
    LONG.setVolatile(memory, MESSAGE_VERSION_OFFSET, version);
    memory.putInt(MESSAGE_LENGTH_OFFSET, length);
    memory.put(MESSAGE_OFFSET, message, 0, length);
    LONG.setVolatile(memory, MESSAGE_VERSION_OFFSET, version + 1);
    LONG.setVolatile(memory, FRACTION_OFFSET, Double.doubleToRawLongBits(fraction));
    LONG.setVolatile(memory, PROGRESS_NANOS_OFFSET, System.nanoTime());
  }

  /** Notes how much of the heap is used while a unit runs; any thread. */
  public void heap(int seq, long bytes) {
    LONG.setOpaque(memory, HEAP_OFFSET, (long) seq << HEAP_BITS | bytes >>> 10);
  }

  /** Says how this process ends; any thread. Needs no memory; the first word stays. */
  public void lastWord(LastWord word) {
    LONG.compareAndSet(memory, LAST_WORD_OFFSET, 0L, (long) word.ordinal());
  }

  /** Returns the area for the outcomes of a batch. */
  public ByteBuffer area() {
    return memory
        .duplicate()
        .limit(AREA_OFFSET + AREA_BYTES)
        .position(AREA_OFFSET)
        .slice();
  }

  /** Empties the area for outcomes of a unit from an item on. */
  public void openArea(int seq, int first) {
    LONG.setVolatile(memory, PUBLISHED_OFFSET, 0L);
    LONG.setVolatile(memory, BATCH_FIRST_OFFSET, (long) seq << 32 | first);
  }

  /** Makes the outcomes in the area count. */
  public void publish(int count, int bytes) {
    LONG.setRelease(memory, PUBLISHED_OFFSET, (long) count << 32 | bytes);
  }
}
