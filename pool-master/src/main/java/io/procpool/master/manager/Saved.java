// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import java.math.BigInteger;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A value as it was before a call: itself, and encoded if it might be changed inside or is to be told. Immutable. */
final class Saved {
  private final @Nullable Object value;
  private final byte @Nullable [] bytes;

  private Saved(@Nullable Object value, byte @Nullable [] bytes) {
    this.value = value;
    this.bytes = bytes;
  }

  /**
   * Takes a value.
   *
   * @param withBytes whether it is to be told
   * @param mayChange whether something may be changed inside it
   */
  static Saved of(@Nullable Object value, boolean withBytes, boolean mayChange)
      throws UnencodableValueException {
    return new Saved(value, withBytes || mayChange && !isImmutable(value) ? encode(value) : null);
  }

  private static boolean isImmutable(@Nullable Object value) {
    return value == null
        || value instanceof String
        || value instanceof Integer
        || value instanceof Long
        || value instanceof Boolean
        || value instanceof Double
        || value instanceof Character
        || value instanceof Float
        || value instanceof Short
        || value instanceof Byte
        || value.getClass() == BigInteger.class;
  }

  /** Tells whether a value is this one, and as it was. */
  boolean isStill(@Nullable Object now) throws UnencodableValueException {
    if (bytes == null) {
      return now == value;
    }
    return Arrays.equals(bytes, encode(now));
  }

  /** Returns it encoded. */
  byte[] bytes() throws UnencodableValueException {
    return bytes == null ? encode(value) : bytes;
  }

  /** Returns it as it was. */
  @Nullable
  Object value(ClassLoader loader) {
    if (bytes == null) {
      return value;
    }
    try {
      return decode(bytes, loader);
    } catch (PayloadFormatException e) {
      return value;
    }
  }

  /** Encodes a value of any class. */
  static byte[] encode(@Nullable Object value) throws UnencodableValueException {
    PayloadWriter out = new PayloadWriter();
    try {
      ValueCodec.write(out, value);
    } catch (StackOverflowError | RuntimeException e) {
      throw new UnencodableValueException("it cannot be serialized: " + e, e);
    }
    return out.toByteArray();
  }

  /** Decodes what {@link #encode} gave. */
  static @Nullable Object decode(byte[] bytes, ClassLoader loader) throws PayloadFormatException {
    return ValueCodec.read(new PayloadReader(bytes), loader);
  }
}
