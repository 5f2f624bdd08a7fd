// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Atomic access to elements of one or two bytes, by way of the four bytes around them, which must lie in the buffer. */
final class NarrowAccess {
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

  private NarrowAccess() {}

  private static int shift(int at, int bytes) {
    return 8 * (LITTLE ? at & 3 : 4 - bytes - (at & 3));
  }

  private static int mask(int bytes) {
    return (1 << 8 * bytes) - 1;
  }

  /** Reads with volatile effect; the element's bits are the lowest ones. */
  static int getVolatile(ByteBuffer memory, int at, int bytes) {
    return (int) INT.getVolatile(memory, at & -4) >>> shift(at, bytes) & mask(bytes);
  }

  /** Changes the element and returns what it was. */
  static int getAndSet(ByteBuffer memory, int at, int bytes, int value) {
    int mask = mask(bytes) << shift(at, bytes);
    while (true) {
      int word = (int) INT.getVolatile(memory, at & -4);
      if (INT.compareAndSet(
          memory, at & -4, word, word & ~mask | value << shift(at, bytes) & mask)) {
        return (word & mask) >>> shift(at, bytes);
      }
    }
  }

  /** Adds to the element and returns what it was. */
  static int getAndAdd(ByteBuffer memory, int at, int bytes, int delta) {
    while (true) {
      int before = getVolatile(memory, at, bytes);
      if (compareAndSet(memory, at, bytes, before, before + delta)) {
        return before;
      }
    }
  }

  /** Changes the element if it is the expected one; tells whether it was. */
  static boolean compareAndSet(ByteBuffer memory, int at, int bytes, int expected, int value) {
    int shift = shift(at, bytes);
    int mask = mask(bytes) << shift;
    while (true) {
      int word = (int) INT.getVolatile(memory, at & -4);
      if ((word & mask) != (expected << shift & mask)) {
        return false;
      }
      if (INT.compareAndSet(memory, at & -4, word, word & ~mask | value << shift & mask)) {
        return true;
      }
    }
  }
}
