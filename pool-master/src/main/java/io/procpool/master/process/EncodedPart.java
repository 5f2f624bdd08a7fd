// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.Shipment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Some of the inputs of a work, one behind the other in one buffer, and where each of them ends. */
final class EncodedPart {
  /*
   * A part is full at a size that lets its buffer grow by doubling, without being so large that a collector keeps it apart
   * from other young objects. Where inputs end is noted only from the first one on that is not as long as those before it.
   */
  private static final int FULL_BYTES = 256 * 1024;

  private final int first;
  private final PayloadWriter writer;
  private int count;
  private int itemBytes; // of each, while there are no ends
  private int @Nullable [] ends;

  /**
   * Makes an empty part.
   *
   * @param first number of its first input
   */
  EncodedPart(int first, int initialBytes, int limitBytes) {
    this.first = first;
    this.writer = new PayloadWriter(Math.min(initialBytes, limitBytes), limitBytes);
  }

  /** Makes a part that will be filled. */
  static EncodedPart following(EncodedPart full, int limitBytes) {
    return new EncodedPart(full.end(), FULL_BYTES, limitBytes);
  }

  /** Where the next input is written; whoever writes one says so with {@link #ended()}. */
  PayloadWriter writer() {
    return writer;
  }

  /** Notes that an input ends here. */
  void ended() {
    add(writer.position());
  }

  private void add(int end) {
    if (ends == null) {
      if (count == 0) {
        itemBytes = end;
      }
      if (end == (count + 1L) * itemBytes) {
        count++;
        return;
      }
      ends = new int[Math.max(16, 2 * count)];
      for (int i = 0; i < count; i++) {
        ends[i] = (i + 1) * itemBytes;
      }
    } else if (count == ends.length) {
      ends = Arrays.copyOf(ends, 2 * count);
    }
    ends[count++] = end;
  }

  /** Copies all inputs of another part to the end of this one. */
  void append(EncodedPart other) {
    int base = bytes();
    writer.putBytes(other.writer.view());
    writer.takeShipment(other.writer);
    for (int i = 1; i <= other.count; i++) {
      add(base + other.offset(i));
    }
  }

  /** Returns what in the inputs is on its way, if anything. */
  @Nullable
  Shipment shipment() {
    return writer.shipment();
  }

  /** Tells whether another input of so many bytes belongs into the next part. */
  boolean isFullFor(int bytes) {
    return count > 0 && bytes() + bytes > FULL_BYTES;
  }

  boolean isFull() {
    return count > 0 && isFullFor(bytes() / count);
  }

  int bytes() {
    return writer.position();
  }

  int count() {
    return count;
  }

  int first() {
    return first;
  }

  /** Returns the number of the input after the last one. */
  int end() {
    return first + count;
  }

  /** Returns how many bytes some inputs take, by their numbers in the work. */
  int bytes(int from, int to) {
    return offset(to - first) - offset(from - first);
  }

  /** Returns some inputs, by their numbers in the work, without a copy. */
  ByteBuffer slice(int from, int to) {
    return writer.view().position(offset(from - first)).limit(offset(to - first));
  }

  /** Where the first so many inputs end. */
  private int offset(int inputs) {
    return ends == null ? inputs * itemBytes : inputs == 0 ? 0 : ends[inputs - 1];
  }
}
