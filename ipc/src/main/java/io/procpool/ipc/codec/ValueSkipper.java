// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

/** Goes past a value without decoding it: the way on behind one that could not be decoded. */
public final class ValueSkipper {
  private static final int LAMBDA_STRINGS_BEFORE_KIND = 4;
  private static final int LAMBDA_STRINGS_AFTER_KIND = 4;
  private static final int DEPTH_LIMIT = 1000;
  private static final int PLAIN_BYTES = 1 << 16;
  private static final int PLAIN_DEPTH = 16;

  private ValueSkipper() {}

  /** Goes past one value. */
  public static void skip(PayloadReader reader) throws PayloadFormatException {
    skip(reader, 0);
  }

  /** Goes past what {@link ValueCodec#writeAll} wrote. */
  public static void skipAll(PayloadReader reader) throws PayloadFormatException {
    skipAll(reader, 0);
  }

  /**
   * Goes past a value if no code but that of the JDK is needed to rebuild it, in little time: simple values, and short lists and maps of such. A list is no key, because
   * many keys of one hash code would take their time.
   *
   * @return false if it is another one; the reader is somewhere in it then
   */
  static boolean skipPlain(PayloadReader reader) throws PayloadFormatException {
    return skipPlain(reader, reader.position() + PLAIN_BYTES, 0);
  }

  private static boolean skipPlain(PayloadReader reader, int end, int depth)
      throws PayloadFormatException {
    int start = reader.position();
    int tag = reader.getByte();
    if (tag == ValueCodec.ARRAY_LIST || tag == ValueCodec.HASH_MAP) {
      if (depth > PLAIN_DEPTH) {
        return false;
      }
      boolean pairs = tag == ValueCodec.HASH_MAP;
      int count = reader.getCount(pairs ? 2 : 1);
      for (int i = 0; i < count; i++) {
        if (pairs && !skipSimple(reader, end) || !skipPlain(reader, end, depth + 1)) {
          return false;
        }
      }
      return reader.position() <= end;
    }
    reader.position(start);
    return skipSimple(reader, end);
  }

  private static boolean skipSimple(PayloadReader reader, int end) throws PayloadFormatException {
    int start = reader.position();
    boolean plain = ValueCodec.isPlain(reader.getByte());
    reader.position(start);
    if (plain) {
      skip(reader);
    }
    return plain && reader.position() <= end;
  }

  private static void skipAll(PayloadReader reader, int depth) throws PayloadFormatException {
    int count = reader.getVarint();
    if (reader.getByte() == ValueCodec.JDK) {
      bytes(reader, reader.getInt());
    } else {
      skipMany(reader, count, depth);
    }
  }

  private static void skipMany(PayloadReader reader, int count, int depth)
      throws PayloadFormatException {
    for (int i = 0; i < count; i++) {
      skip(reader, depth + 1);
    }
  }

  private static void bytes(PayloadReader reader, int count) throws PayloadFormatException {
    reader.getSlice(count);
  }

  private static void elements(PayloadReader reader, int elementBytes)
      throws PayloadFormatException {
    bytes(reader, reader.getCount(elementBytes) * elementBytes);
  }

  private static void skip(PayloadReader reader, int depth) throws PayloadFormatException {
    if (depth > DEPTH_LIMIT) {
      throw new PayloadFormatException("values are nested more than " + DEPTH_LIMIT + " deep");
    }
    int tag = reader.getByte();
    switch (tag) {
      case ValueCodec.NULL, ValueCodec.FALSE, ValueCodec.TRUE -> {}
      case ValueCodec.BYTE -> bytes(reader, 1);
      case ValueCodec.SHORT, ValueCodec.CHARACTER -> bytes(reader, 2);
      case ValueCodec.INTEGER, ValueCodec.FLOAT -> bytes(reader, 4);
      case ValueCodec.LONG, ValueCodec.DOUBLE -> bytes(reader, 8);
      case ValueCodec.STRING_LATIN1,
          ValueCodec.BIG_INTEGER,
          ValueCodec.BOOLEANS,
          ValueCodec.BYTES -> elements(reader, 1);
      case ValueCodec.STRING_UTF16, ValueCodec.SHORTS, ValueCodec.CHARS -> elements(reader, 2);
      case ValueCodec.INTS, ValueCodec.FLOATS -> elements(reader, 4);
      case ValueCodec.LONGS, ValueCodec.DOUBLES -> elements(reader, 8);
      case ValueCodec.STRINGS, ValueCodec.ARRAY_LIST -> skipMany(reader, reader.getCount(1), depth);
      case ValueCodec.HASH_MAP -> skipMany(reader, 2 * reader.getCount(2), depth);
      case ValueCodec.ENUM -> skipMany(reader, 2, depth);
      case ValueCodec.LAMBDA -> {
        skipMany(reader, LAMBDA_STRINGS_BEFORE_KIND, depth);
        reader.getByte();
        skipMany(reader, LAMBDA_STRINGS_AFTER_KIND, depth);
        skipAll(reader, depth);
      }
      case ValueCodec.JDK -> bytes(reader, reader.getInt());
      default ->
        throw new PayloadFormatException(
            "unknown tag " + tag + " at byte " + (reader.position() - 1));
    }
  }
}
