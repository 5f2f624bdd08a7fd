// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads fields in the wire format of protobuf 3. Nothing is allocated on the word of a length before that many bytes are
 * there. Not safe for use by multiple threads.
 */
public final class FieldReader {
  private static final int TYPE_MASK = (1 << FieldWriter.TYPE_BITS) - 1;

  private final byte[] bytes;
  private final int limit;
  private int position;
  private int type;

  /** Reads a range of an array. */
  public FieldReader(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    this.position = from;
    this.limit = to;
  }

  /** Returns where in the array the next byte is. */
  public int position() {
    return position;
  }

  /** Goes to the next field, whose value must be read or skipped then, and returns its number; 0 at the end. */
  int next() throws IOException {
    if (position == limit) {
      return 0;
    }
    int tag = (int) varint();
    type = tag & TYPE_MASK;
    int field = tag >>> FieldWriter.TYPE_BITS;
    if (field == 0) {
      throw malformed("a field has no number");
    }
    return field;
  }

  /** Reads a number without a tag before it. */
  public long varint() throws IOException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position == limit) {
        throw malformed("it ends in a number");
      }
      byte next = bytes[position++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw malformed("a number has more than 64 bits");
  }

  long uint64() throws IOException {
    require(FieldWriter.VARINT);
    return varint();
  }

  int uint32() throws IOException {
    return (int) uint64();
  }

  /** Reads a message whose one field that is known here is a number, the field 1. */
  long soleNumber() throws IOException {
    long number = 0;
    for (int field = next(); field != 0; field = next()) {
      if (field == 1) {
        number = uint64();
      } else {
        skip();
      }
    }
    return number;
  }

  boolean bool() throws IOException {
    return uint64() != 0;
  }

  byte[] bytes() throws IOException {
    int end = endOfContent();
    byte[] value = Arrays.copyOfRange(bytes, position, end);
    position = end;
    return value;
  }

  String string() throws IOException {
    int end = endOfContent();
    String value = new String(bytes, position, end - position, StandardCharsets.UTF_8);
    position = end;
    return value;
  }

  /** Returns a reader of a message within this one, and goes past it. */
  FieldReader message() throws IOException {
    int end = endOfContent();
    FieldReader message = new FieldReader(bytes, position, end);
    position = end;
    return message;
  }

  /** Adds one number, or a packed list of them, to a list. */
  long[] addTo(long[] values) throws IOException {
    if (type == FieldWriter.VARINT) {
      return append(values, varint());
    }
    long[] all = values;
    FieldReader packed = message();
    while (packed.position < packed.limit) {
      all = append(all, packed.varint());
    }
    return all;
  }

  private static long[] append(long[] values, long value) {
    long[] longer = Arrays.copyOf(values, values.length + 1);
    longer[values.length] = value;
    return longer;
  }

  /** Goes past a field that is not known here. */
  void skip() throws IOException {
    switch (type) {
      case FieldWriter.VARINT:
        varint();
        break;
      case FieldWriter.FIXED_64:
        skipBytes(Long.BYTES);
        break;
      case FieldWriter.FIXED_32:
        skipBytes(Integer.BYTES);
        break;
      default:
        position = endOfContent();
    }
  }

  private void skipBytes(int count) throws IOException {
    if (count > limit - position) {
      throw malformed("it ends in a field");
    }
    position += count;
  }

  private int endOfContent() throws IOException {
    require(FieldWriter.LENGTH_DELIMITED);
    long length = varint();
    if (length < 0 || length > limit - position) {
      throw malformed("a field of " + Long.toUnsignedString(length)
          + " bytes is announced, but only " + (limit - position) + " follow");
    }
    return position + (int) length;
  }

  private void require(int wanted) throws IOException {
    if (type != wanted) {
      throw malformed("a field has type " + type + " (expected: " + wanted + ")");
    }
  }

  private IOException malformed(String problem) {
    return new IOException("malformed message: " + problem + ", at byte " + position);
  }
}
