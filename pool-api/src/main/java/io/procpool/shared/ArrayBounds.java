// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import java.util.Objects;

/** Checks of lengths and ranges that all kinds of shared arrays have in common. */
final class ArrayBounds {
  private static final long MAX_BYTES =
      1L << 46; // as much as a process can address, and a half less

  private ArrayBounds() {}

  /** Returns how many bytes an array takes; a multiple of four, so that narrow elements can be changed by way of an int. */
  static long bytes(long length, int elementBytes) {
    long most = MAX_BYTES / elementBytes;
    if (length < 0 || length > most) {
      throw new IllegalArgumentException("length: " + length + " (expected: 0 to " + most + ")");
    }
    return (length * elementBytes + 3) & -4;
  }

  /** Checks a copy between a shared array and a Java array. */
  static void check(long index, long length, int offset, int javaLength, int count) {
    Objects.checkFromIndexSize(index, count, length);
    Objects.checkFromIndexSize(offset, count, javaLength);
  }

  /** Checks that an array fits into a Java array. */
  static int toInt(long length) {
    if (length > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException("the shared array has " + length
          + " elements, more than a Java array can have; copy a slice of it");
    }
    return (int) length;
  }

  static void checkWhole(int viewBytes, long bytes) {
    if (viewBytes != bytes) {
      throw new IllegalStateException(
          "the " + bytes
              + " bytes of the shared array lie in several parts of 1 GiB; take a slice within one of them");
    }
  }

  /** Checks that a matrix has as many elements as the array under it. */
  static void checkMatrix(long length, int rows, int columns) {
    if (rows < 0 || columns < 0 || (long) rows * columns != length) {
      throw new IllegalArgumentException("rows: " + rows + ", columns: " + columns
          + " (expected: 0 or more each, together the array's length " + length + ")");
    }
  }
}
