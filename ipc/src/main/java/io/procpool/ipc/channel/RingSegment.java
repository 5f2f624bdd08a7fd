// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import static io.procpool.ipc.channel.RingLayout.BASE;
import static io.procpool.ipc.channel.RingLayout.END;
import static io.procpool.ipc.channel.RingLayout.KIND;
import static io.procpool.ipc.channel.RingLayout.LENGTH;
import static io.procpool.ipc.channel.RingLayout.POSITION_MASK;
import static io.procpool.ipc.channel.RingLayout.RECORDS;
import static io.procpool.ipc.channel.RingLayout.RECORD_HEADER;
import static io.procpool.ipc.channel.RingLayout.UNIT_BITS;

import io.procpool.ipc.memory.BlockFiles;
import io.procpool.ipc.sync.Words;
import java.nio.ByteBuffer;

/** A segment of a ring as one side of it sees it. Guarded by the lock of that side. */
final class RingSegment {
  /** The least that a segment has for records, in bytes. */
  static final int LEAST_BYTES = 1 << 16;

  private final int number;
  private final ByteBuffer memory;
  private final long base;
  private final long units;

  private RingSegment(int number, ByteBuffer memory) {
    this.number = number;
    this.memory = memory;
    this.base = memory.getLong(BASE);
    this.units = memory.capacity() - RECORDS >> UNIT_BITS;
  }

  /** Makes a segment, a power of two bytes large, that begins at a position. */
  static RingSegment create(BlockFiles files, int number, long base, long bytes) {
    files.create(number, RECORDS + bytes, "messages of a queue or pipe");
    ByteBuffer memory = files.map(number);
    memory.putLong(BASE, base);
    return new RingSegment(number, memory);
  }

  static RingSegment open(BlockFiles files, int number) {
    return new RingSegment(number, files.map(number));
  }

  int number() {
    return number;
  }

  long base() {
    return base;
  }

  /** Returns how much room there is for records, in units. */
  long units() {
    return units;
  }

  /** Tells whether the next segment goes on at a position. */
  boolean endsAt(long position) {
    return (long) Words.LONG.getAcquire(memory, END) == position + 1;
  }

  /** Says that the next segment, which is there, goes on at a position. */
  void end(long position) {
    Words.LONG.setRelease(memory, END, position + 1);
  }

  /** Returns how many units there are from a position until the records begin again. */
  long unitsFrom(long position) {
    return units - index(position);
  }

  private long index(long position) {
    return (position - base & POSITION_MASK) & units - 1;
  }

  private int at(long position) {
    return RECORDS + (int) (index(position) << UNIT_BITS);
  }

  int kind(long position) {
    return memory.getInt(at(position) + KIND);
  }

  int length(long position) {
    return memory.getInt(at(position) + LENGTH);
  }

  /** Returns what is in a record. */
  ByteBuffer message(long position) {
    return memory.slice(at(position) + RECORD_HEADER, length(position));
  }

  void skip(long position) {
    memory.putInt(at(position) + KIND, RingLayout.SKIP);
  }

  /** Writes a record. */
  void write(long position, int kind, ByteBuffer message) {
    int at = at(position);
    memory.putInt(at + LENGTH, message.remaining());
    memory.putInt(at + KIND, kind);
    memory.put(at + RECORD_HEADER, message, message.position(), message.remaining());
  }

  /** Gives the mapping back; nothing of it may be used any more. */
  void unmap() {
    BlockFiles.unmap(memory);
  }
}
