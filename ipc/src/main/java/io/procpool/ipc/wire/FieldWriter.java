// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes fields in the wire format of protobuf 3: those with the default value are left out. Not safe for use by multiple
 * threads.
 */
public final class FieldWriter {
  static final int VARINT = 0;
  static final int FIXED_64 = 1;
  static final int LENGTH_DELIMITED = 2;
  static final int FIXED_32 = 5;
  static final int TYPE_BITS = 3;

  private static final int INITIAL_BYTES = 64;
  private static final int LONGEST_VARINT = 10;

  private byte[] bytes = new byte[INITIAL_BYTES];
  private int length;

  /** Returns how many bytes a number of 0 or more takes. */
  public static int varintBytes(int value) {
    return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
  }

  /** Begins anew. */
  public void reset() {
    length = 0;
  }

  /** Returns the buffer, of which the first {@link #length()} bytes count, until the next write. */
  public byte[] array() {
    return bytes;
  }

  /** Returns how many bytes were written. */
  public int length() {
    return length;
  }

  /** Returns a copy of what was written. */
  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }

  void uint(int field, long value) {
    if (value != 0) {
      ensure(2 * LONGEST_VARINT);
      varint(field << TYPE_BITS | VARINT);
      varint(value);
    }
  }

  void bool(int field, boolean value) {
    uint(field, value ? 1 : 0);
  }

  void string(int field, String value) {
    if (!value.isEmpty()) { // it would be encoded for nothing
      bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }
  }

  void bytes(int field, byte[] value) {
    if (value.length > 0) {
      int start = begin(field);
      ensure(value.length);
      System.arraycopy(value, 0, bytes, length, value.length);
      length += value.length;
      end(start);
    }
  }

  void packed(int field, long[] values) {
    if (values.length > 0) {
      int start = begin(field);
      for (long value : values) {
        ensure(LONGEST_VARINT);
        varint(value);
      }
      end(start);
    }
  }

  /** Begins a field whose length is not known yet; {@link #end} takes what this returns. */
  int begin(int field) {
    ensure(LONGEST_VARINT);
    varint(field << TYPE_BITS | LENGTH_DELIMITED);
    return ++length; // one byte for the length, as is mostly enough
  }

  void end(int start) {
    int content = length - start;
    int more = varintBytes(content) - 1;
    if (more > 0) {
      ensure(more);
      System.arraycopy(bytes, start, bytes, start + more, content);
    }
    length = start - 1;
    varint(content);
    length += content;
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes[length++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[length++] = (byte) rest;
  }

  private void ensure(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }
}
