// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import static io.procpool.ipc.channel.RingLayout.CAPACITY;
import static io.procpool.ipc.channel.RingLayout.CAPACITY_BYTES;
import static io.procpool.ipc.channel.RingLayout.CLOSED;
import static io.procpool.ipc.channel.RingLayout.COUNT_MASK;
import static io.procpool.ipc.channel.RingLayout.HEAD;
import static io.procpool.ipc.channel.RingLayout.LOCK;
import static io.procpool.ipc.channel.RingLayout.POSITION_MASK;
import static io.procpool.ipc.channel.RingLayout.POSITION_SHIFT;
import static io.procpool.ipc.channel.RingLayout.PUTTERS;
import static io.procpool.ipc.channel.RingLayout.PUTTERS_SLEEP;
import static io.procpool.ipc.channel.RingLayout.RECORD_HEADER;
import static io.procpool.ipc.channel.RingLayout.SEEN;
import static io.procpool.ipc.channel.RingLayout.SEGMENT;
import static io.procpool.ipc.channel.RingLayout.SKIP;
import static io.procpool.ipc.channel.RingLayout.TAIL;
import static io.procpool.ipc.channel.RingLayout.TAKERS;
import static io.procpool.ipc.channel.RingLayout.TAKERS_SLEEP;
import static io.procpool.ipc.channel.RingLayout.TOGGLE;
import static io.procpool.ipc.channel.RingLayout.UNIT_BITS;
import static io.procpool.ipc.channel.RingLayout.WATCHED;

import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.Pipe;
import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.memory.Block;
import io.procpool.ipc.memory.BlockFiles;
import io.procpool.ipc.sync.LockWord;
import io.procpool.ipc.sync.Waiting;
import io.procpool.ipc.sync.WordWaiter;
import io.procpool.ipc.sync.Words;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A first-in-first-out ring of messages in shared memory, for any number of threads of any processes. Safe for use by all of them. */
final class Ring {
  /*
   * Sides.    Who puts has the putters' lock, who takes has the takers'; the two sides meet in tail and head only. A message is
   *           written, then the tail is moved; it is copied, then the head is moved. Whoever is killed in between leaves
   *           the ring as it was before, and the lock to the next one that wants it.
   * Segments. The records lie in a segment as in a ring. When a message does not fit although the capacity allows it, the putter makes a
   *           larger segment, says in the old one where that ends, and moves the tail; takers follow and delete the old one. One
   *           that was made by a putter that died before the last step is made anew by the next putter that needs one, or, if
   *           the old one says already that it has ended, used. A large segment is left again when the ring is empty.
   * Sleeping. Takers sleep on the tail, putters on the head. Who will sleep sets its side's mark, looks again, and sleeps; who moves
   *           the other word takes the mark away and wakes one taker, or all putters. A taker that was woken sets the mark again, and
   *           wakes another one if there is more. If putters wait because there are many messages, they are woken when a good part is
   *           gone, not for each. A wake-up that is lost with somebody's death is made good as in Waiting.
   * Capacity. A message that alone is above the capacity is taken if the ring is empty.
   */
  /** Instead of a time: does not wait, and does not care for interrupts. */
  static final long TRY = Long.MIN_VALUE;

  /** The largest message. */
  static final int MAX_MESSAGE_BYTES = Pipe.MAX_MESSAGE_BYTES;

  private static final long LARGE_BYTES = 4L << 20;
  private static final int PROMPT_CAPACITY = 64;
  private static final long SHORTEST_GUARD_NANOS = 1_000_000;
  private static final long LONGEST_GUARD_NANOS = 100_000_000;
  private static final long TRY_NANOS = 1_000_000_000;

  private final String name;
  private final ByteBuffer memory;
  private final int at;
  private final BlockFiles files;
  private final LockWord putters;
  private final LockWord takers;
  private final Ends ends;
  private final int capacity;
  private final long capacityUnits;
  private @Nullable RingSegment putSegment; // guarded by putters
  private @Nullable RingSegment takeSegment; // guarded by takers

  /** Who is at the ends of a ring. */
  interface Ends {
    /** Tells whether nobody will put anything any more, ever. Asked when the ring is empty. */
    boolean isWithoutPutters();

    /** Tells whether nobody will take anything any more. */
    boolean isWithoutTakers();

    /** Tells whether the handle is closed through which threads of this process come. */
    boolean isClosed();

    /**
     * Fails if it is.
     *
     * @throws IllegalStateException if so
     */
    void checkOpen();

    /** Called with the takers' lock when a message is about to be taken. */
    default void taking() {}
  }

  /** What becomes of the next message; called with the takers' lock, so it must not run anybody else's code. */
  interface Reception {
    /** Gets a message, whose bytes are valid until this returns; tells whether it is taken. */
    boolean receive(int kind, ByteBuffer message);
  }

  /** How an attempt ended. */
  enum Result {
    DONE,
    NOT_YET,
    ENDED
  }

  /**
   * Takes over a ring.
   *
   * @param name what it belongs to, for messages
   * @param block where its header is
   * @param at from which byte on
   */
  Ring(String name, Block block, int at, Ends ends) {
    this.name = name;
    this.memory = block.part(0);
    this.at = at;
    this.files = block.files().series(at);
    this.ends = ends;
    this.putters = new LockWord(block, memory, at + PUTTERS + LOCK);
    this.takers = new LockWord(block, memory, at + TAKERS + LOCK);
    this.capacity = memory.getInt(at + CAPACITY);
    this.capacityUnits = memory.getLong(at + CAPACITY_BYTES) >> UNIT_BITS;
  }

  /** Writes the header of a new ring in memory full of zeros. */
  static void format(ByteBuffer memory, int at, int capacity, long capacityBytes) {
    memory.putLong(at + CAPACITY_BYTES, capacityBytes);
    memory.putInt(at + CAPACITY, capacity);
  }

  private long ringWord(int offset) {
    return (long) Words.LONG.getVolatile(memory, at + offset);
  }

  private static long position(long word) {
    return word >>> POSITION_SHIFT;
  }

  /** Returns the word that is so many units and messages further. */
  private static long advanced(long word, long units, int messages) {
    return (position(word) + units & POSITION_MASK) << POSITION_SHIFT
        | word & (CLOSED | TOGGLE)
        | (word + messages & COUNT_MASK);
  }

  private static int count(long tail, long head) {
    return (int) (tail - head) & COUNT_MASK;
  }

  private static long units(long tail, long head) {
    return position(tail) - position(head) & POSITION_MASK;
  }

  /** Returns the number of messages, about. */
  int size() {
    long head = ringWord(HEAD);
    return Math.min(count(ringWord(TAIL), head), capacity);
  }

  /** Returns how many bytes the messages take, about. */
  long sizeBytes() {
    long head = ringWord(HEAD);
    return units(ringWord(TAIL), head) << UNIT_BITS;
  }

  int capacity() {
    return capacity;
  }

  long capacityBytes() {
    return capacityUnits << UNIT_BITS;
  }

  boolean isClosed() {
    return isClosed(memory, at);
  }

  /** Tells whether the ring at a place is closed. */
  static boolean isClosed(ByteBuffer memory, int at) {
    return ((long) Words.LONG.getVolatile(memory, at + TAIL) & CLOSED) != 0;
  }

  /** Returns the count of all messages ever put, modulo 2^24. */
  int putCount() {
    return (int) ringWord(TAIL) & COUNT_MASK;
  }

  // Putting.

  /** Encodes an object and puts it as a message; as {@link #put}, or {@link #tryPut} for {@link #TRY}. */
  Result send(@Nullable Object message, long nanos) throws InterruptedException {
    if (message instanceof byte[] bytes) {
      return send(Messages.BYTES, ByteBuffer.wrap(bytes), nanos);
    }
    return Messages.encode(
        message, encoded -> send(Messages.OBJECT, encoded, nanos), result -> result == Result.DONE);
  }

  private Result send(int kind, ByteBuffer message, long nanos) throws InterruptedException {
    return nanos == TRY ? tryPut(kind, message) : put(kind, message, nanos);
  }

  /** Puts a message if there is room; whether the thread is interrupted does not matter. */
  Result tryPut(int kind, ByteBuffer message) {
    ends.checkOpen();
    PutWait wait = new PutWait(kind, message);
    return wait.awaitUninterruptibly(0) ? wait.result : Result.NOT_YET;
  }

  /** Puts a message; {@code NOT_YET} if there was no room in that time, {@code ENDED} if nobody will take it. */
  Result put(int kind, ByteBuffer message, long nanos) throws InterruptedException {
    ends.checkOpen();
    PutWait wait = new PutWait(kind, message);
    return wait.await(nanos) ? wait.result : Result.NOT_YET;
  }

  /** A wait for room. */
  private final class PutWait extends Waiting {
    private final int kind;
    private final ByteBuffer message;
    private volatile boolean stuck;
    private Result result = Result.NOT_YET;

    PutWait(int kind, ByteBuffer message) {
      super(memory, at + HEAD + Words.LOW_HALF);
      checkSize(message.remaining());
      this.kind = kind;
      this.message = message;
    }

    @Override
    protected boolean attempt(boolean announce) {
      ends.checkOpen();
      if (announce) {
        Words.INT.setVolatile(memory, at + PUTTERS_SLEEP, 1);
      }
      expect(word());
      stuck = !putters.tryGuard(guardNanos(this));
      if (stuck) {
        return false;
      }
      try {
        result = tryPutGuarded(kind, message);
      } finally {
        putters.release();
      }
      if (result == Result.DONE) {
        wakeTaker();
      }
      return result != Result.NOT_YET;
    }

    @Override
    protected boolean isDue() {
      return super.isDue()
          || stuck
          || putters.isOfTheDead()
          || ends.isClosed()
          || Ring.this.isClosed()
          || fits(ringWord(TAIL), ringWord(HEAD), units(message.remaining()))
          || ends.isWithoutTakers();
    }

    @Override
    protected String what() {
      return "room in " + name;
    }
  }

  private static void checkSize(int bytes) {
    if (bytes > MAX_MESSAGE_BYTES) {
      PayloadTooLargeException tooLarge = new PayloadTooLargeException(bytes, MAX_MESSAGE_BYTES);
      throw new NotSerializableMessageException(
          tooLarge.getMessage() + "; nothing was sent", "", tooLarge);
    }
  }

  private static long guardNanos(Waiting wait) {
    return wait.isTryOnly()
        ? TRY_NANOS
        : Math.max(SHORTEST_GUARD_NANOS, Math.min(LONGEST_GUARD_NANOS, wait.left()));
  }

  private static long units(int messageBytes) {
    return (long) messageBytes + RECORD_HEADER + 7 >> UNIT_BITS;
  }

  private boolean fits(long tail, long head, long units) {
    int count = count(tail, head);
    return count == 0 || count < capacity && units(tail, head) + units <= capacityUnits;
  }

  private Result tryPutGuarded(int kind, ByteBuffer message) {
    long tail = ringWord(TAIL);
    if ((tail & CLOSED) != 0 || ends.isWithoutTakers()) {
      return Result.ENDED;
    }
    long units = units(message.remaining());
    if (!fits(tail, memory.getLong(at + PUTTERS + SEEN), units) && !fits(tail, seeHead(), units)) {
      return Result.NOT_YET;
    }
    RingSegment segment = segmentFor(tail, units);
    long position = position(tail);
    long skipped = segment.unitsFrom(position) < units ? segment.unitsFrom(position) : 0;
    if (skipped > 0) {
      segment.skip(position);
    }
    segment.write(position + skipped & POSITION_MASK, kind, message);
    FaultPoint.reached("ring.written");
    boolean put = moveTail(tail, skipped + units);
    FaultPoint.reached("ring.put");
    return put ? Result.DONE : Result.ENDED;
  }

  /** Moves the tail, whose flags anybody may have changed; false if the ring was closed. */
  private boolean moveTail(long tail, long units) {
    long known = tail;
    while (!Words.LONG.compareAndSet(memory, at + TAIL, known, advanced(known, units, 1))) {
      known = ringWord(TAIL);
      if ((known & CLOSED) != 0) {
        return false;
      }
    }
    return true;
  }

  private long seeHead() {
    long head = ringWord(HEAD);
    memory.putLong(at + PUTTERS + SEEN, head);
    return head;
  }

  /** Returns a segment with room for a record of so many units; a new one if it must be. */
  private RingSegment segmentFor(long tail, long units) {
    long position = position(tail);
    RingSegment segment = lastSegment(position);
    if (segment == null) {
      segment = RingSegment.create(files, 1, position, bytesFor(units, 0));
    } else {
      boolean large = segment.units() << UNIT_BITS > LARGE_BYTES
          && units << UNIT_BITS <= RingSegment.LEAST_BYTES
          && count(tail, seeHead()) == 0;
      if (!large && hasRoom(segment, tail, units)) {
        return segment;
      }
      RingSegment old = segment;
      segment = RingSegment.create(
          files, old.number() + 1, position, bytesFor(units, large ? 0 : old.units()));
      FaultPoint.reached("ring.grown");
      old.end(position);
      FaultPoint.reached("ring.ended");
      old.unmap();
    }
    putSegment = segment;
    memory.putInt(at + PUTTERS + SEGMENT, segment.number());
    return segment;
  }

  private @Nullable RingSegment lastSegment(long position) {
    int number = memory.getInt(at + PUTTERS + SEGMENT);
    if (number == 0) {
      return null;
    }
    RingSegment segment = putSegment;
    if (segment == null || segment.number() != number) {
      segment = replace(segment, number);
      putSegment = segment;
    }
    while (segment.endsAt(position)) {
      segment = replace(segment, segment.number() + 1);
      putSegment = segment;
      memory.putInt(at + PUTTERS + SEGMENT, segment.number());
    }
    return segment;
  }

  private RingSegment replace(@Nullable RingSegment old, int number) {
    RingSegment opened =
        RingSegment.open(files, number); // if that fails, the old one is still in use
    if (old != null) {
      old.unmap();
    }
    return opened;
  }

  private boolean hasRoom(RingSegment segment, long tail, long units) {
    long toEnd = segment.unitsFrom(position(tail));
    long needed = toEnd < units ? toEnd + units : units;
    return used(segment, tail, memory.getLong(at + PUTTERS + SEEN)) + needed <= segment.units()
        || used(segment, tail, seeHead()) + needed <= segment.units();
  }

  /** Returns how many units of a segment hold messages that may not have been taken. */
  private long used(RingSegment segment, long tail, long head) {
    int taken = (int) Words.INT.getVolatile(memory, at + TAKERS + SEGMENT);
    return taken == segment.number()
        ? units(tail, head)
        : position(tail) - segment.base() & POSITION_MASK;
  }

  /** Returns the size of a new segment: a power of two with room for a record, and more than the last one had. */
  private long bytesFor(long units, long lastUnits) {
    long wanted = Math.min(LARGE_BYTES, Math.min(2 * lastUnits, capacityUnits) << UNIT_BITS);
    long bytes = RingSegment.LEAST_BYTES;
    while (bytes < wanted || bytes < units << UNIT_BITS) {
      bytes <<= 1;
    }
    boolean twice = 2 * units << UNIT_BITS > bytes && bytes < LARGE_BYTES;
    return twice ? bytes << 1 : bytes; // so that another one like it finds room beside it
  }

  private void wakeTaker() {
    if ((int) Words.INT.getVolatile(memory, at + TAKERS_SLEEP) != 0
        && (int) Words.INT.getAndSet(memory, at + TAKERS_SLEEP, 0) != 0) {
      WordWaiter.installed().wake(memory, at + TAIL + Words.LOW_HALF, 1);
    }
    ringBell();
  }

  // Taking.

  /** Receives the next message if there is one; whether the thread is interrupted does not matter. */
  Result tryTake(Reception reception) {
    ends.checkOpen();
    TakeWait wait = new TakeWait(reception);
    return wait.awaitUninterruptibly(0) ? wait.result : Result.NOT_YET;
  }

  /** Receives the next message; {@code NOT_YET} if there was none in that time, {@code ENDED} if there will never be one. */
  Result take(Reception reception, long nanos) throws InterruptedException {
    ends.checkOpen();
    TakeWait wait = new TakeWait(reception);
    return wait.await(nanos) ? wait.result : Result.NOT_YET;
  }

  /** A wait for a message. */
  private final class TakeWait extends Waiting {
    private final Reception reception;
    private volatile boolean stuck;
    private Result result = Result.NOT_YET;

    TakeWait(Reception reception) {
      super(memory, at + TAIL + Words.LOW_HALF);
      this.reception = reception;
    }

    @Override
    protected boolean attempt(boolean announce) {
      ends.checkOpen();
      if (announce) {
        Words.INT.setVolatile(memory, at + TAKERS_SLEEP, 1);
      }
      long tail = ringWord(TAIL);
      expect((int) tail);
      if (count(tail, ringWord(HEAD)) == 0) {
        boolean ended = (tail & CLOSED) != 0 || ends.isWithoutPutters();
        if (ended && count(ringWord(TAIL), ringWord(HEAD)) == 0) {
          result = Result.ENDED;
          return true;
        }
        if (!ended) {
          return false;
        }
      }
      stuck = !takers.tryGuard(guardNanos(this));
      if (stuck) {
        return false;
      }
      try {
        result = tryTakeGuarded(reception);
      } finally {
        takers.release();
      }
      if (result == Result.DONE) {
        wakePutters();
        passOn();
      }
      return result != Result.NOT_YET;
    }

    /** Others may sleep, too, of whom nobody has taken notice since this thread was woken. */
    private void passOn() {
      if (isAnnounced()) {
        Words.INT.setVolatile(memory, at + TAKERS_SLEEP, 1);
        if (size() > 0) {
          wakeTaker();
        }
      }
    }

    @Override
    protected void giveUp() {
      if (size() > 0) {
        wakeTaker();
      }
    }

    @Override
    protected boolean isDue() {
      return super.isDue()
          || stuck
          || takers.isOfTheDead()
          || ends.isClosed()
          || size() > 0
          || isClosed()
          || ends.isWithoutPutters();
    }

    @Override
    protected String what() {
      return "a message in " + name;
    }
  }

  private Result tryTakeGuarded(Reception reception) {
    long head = memory.getLong(at + HEAD);
    long tail = memory.getLong(at + TAKERS + SEEN);
    if (count(tail, head) == 0) {
      tail = ringWord(TAIL);
      memory.putLong(at + TAKERS + SEEN, tail);
      if (count(tail, head) == 0) {
        return Result.NOT_YET;
      }
    }
    RingSegment segment = firstSegment(position(head));
    long position = position(head);
    long skipped = segment.kind(position) == SKIP ? segment.unitsFrom(position) : 0;
    position = position + skipped & POSITION_MASK;
    int length = segment.length(position);
    if (reception.receive(segment.kind(position), segment.message(position))) {
      FaultPoint.reached("ring.copied");
      ends.taking();
      Words.LONG.setVolatile(memory, at + HEAD, advanced(head, skipped + units(length), 1));
      FaultPoint.reached("ring.taken");
    }
    return Result.DONE;
  }

  private RingSegment firstSegment(long position) {
    int number = Math.max(1, memory.getInt(at + TAKERS + SEGMENT));
    RingSegment segment = takeSegment;
    if (segment == null || segment.number() != number) {
      segment = replace(segment, number);
      takeSegment = segment;
    }
    while (segment.endsAt(position)) {
      segment = replace(segment, segment.number() + 1);
      takeSegment = segment;
      Words.INT.setVolatile(memory, at + TAKERS + SEGMENT, segment.number());
      FaultPoint.reached("ring.followed");
      files.delete(segment.number() - 2); // left by one who died here
      files.delete(segment.number() - 1);
    }
    if (memory.getInt(at + TAKERS + SEGMENT) == 0) {
      Words.INT.setVolatile(memory, at + TAKERS + SEGMENT, number);
    }
    return segment;
  }

  private void wakePutters() {
    if ((int) Words.INT.getVolatile(memory, at + PUTTERS_SLEEP) != 0
        && hasGoodRoom()
        && (int) Words.INT.getAndSet(memory, at + PUTTERS_SLEEP, 0) != 0) {
      WordWaiter.installed().wake(memory, at + HEAD + Words.LOW_HALF, Integer.MAX_VALUE);
    }
  }

  private boolean hasGoodRoom() {
    long head = ringWord(HEAD);
    long tail = ringWord(TAIL);
    int count = count(tail, head);
    return count <= PROMPT_CAPACITY
        || count <= capacity - capacity / 4
            && units(tail, head) <= capacityUnits - capacityUnits / 4;
  }

  /** Returns copies of all messages that are there now; the takers' lock is held meanwhile. */
  List<Copy> copies() {
    List<Copy> copies = new ArrayList<>();
    takers.guard();
    try {
      long head = ringWord(HEAD);
      long left = count(ringWord(TAIL), head);
      long position = position(head);
      if (left == 0) {
        return copies;
      }
      RingSegment first = firstSegment(position);
      RingSegment segment = first;
      while (left > 0) {
        while (segment.endsAt(position)) {
          RingSegment next = RingSegment.open(files, segment.number() + 1);
          if (segment != first) {
            segment.unmap();
          }
          segment = next;
        }
        long skipped = segment.kind(position) == SKIP ? segment.unitsFrom(position) : 0;
        position = position + skipped & POSITION_MASK;
        copies.add(Copy.of(segment.kind(position), segment.message(position)));
        position = position + units(segment.length(position)) & POSITION_MASK;
        left--;
      }
      if (segment != first) {
        segment.unmap();
      }
      return copies;
    } finally {
      takers.release();
    }
  }

  /**
   * A message that was copied.
   *
   * @param kind as {@link Messages} has them
   */
  record Copy(int kind, ByteBuffer message) {
    static Copy of(int kind, ByteBuffer message) {
      ByteBuffer copy = ByteBuffer.allocate(message.remaining());
      copy.put(0, message, message.position(), message.remaining());
      return new Copy(kind, copy);
    }
  }

  // Ends.

  /** Closes the ring: nothing more can be put. */
  void close() {
    changeTail(CLOSED, 0);
    WordWaiter.installed().wake(memory, at + HEAD + Words.LOW_HALF, Integer.MAX_VALUE);
  }

  /** Has everybody look again who waits at the ring. */
  void nudge() {
    changeTail(0, TOGGLE);
    WordWaiter.installed().wake(memory, at + HEAD + Words.LOW_HALF, Integer.MAX_VALUE);
  }

  private void changeTail(long set, long toggled) {
    long tail = ringWord(TAIL);
    while (!Words.LONG.compareAndSet(memory, at + TAIL, tail, (tail | set) ^ toggled)) {
      tail = ringWord(TAIL);
    }
    FaultPoint.reached("ring.closed");
    WordWaiter.installed().wake(memory, at + TAIL + Words.LOW_HALF, Integer.MAX_VALUE);
    ringBell();
  }

  // Readiness.

  /** Tells whether a taker would not wait. */
  boolean isReady() {
    return size() > 0 || isClosed() || ends.isWithoutPutters();
  }

  /** Says that somebody sleeps on the bell until this is ready. */
  void watch() {
    Words.INT.setVolatile(memory, at + WATCHED, 1);
  }

  private void ringBell() {
    if ((int) Words.INT.getVolatile(memory, at + WATCHED) != 0
        && (int) Words.INT.getAndSet(memory, at + WATCHED, 0) != 0) {
      Bell.ring();
    }
  }

  /** Runs something with the takers' lock. */
  void withTakersLock(Runnable action) {
    takers.guard();
    try {
      action.run();
    } finally {
      takers.release();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
