// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import java.io.Serializable;
import java.util.Objects;

/**
 * A view of a {@link SharedLongArray} as a matrix, row after row; the same memory, with the array's life and thread-safety.
 * Access promises nothing between threads or processes, as that to a Java array: let each process have rows of its own, or
 * use a lock. A handle of it works in every process of the session.
 *
 * @param array the elements
 * @param rows number of rows
 * @param columns number of columns; the two together are the array's length
 */
public record SharedLongMatrix(SharedLongArray array, int rows, int columns)
    implements Serializable {
  /** Checks that the array has as many elements. */
  public SharedLongMatrix {
    ArrayBounds.checkMatrix(array.length(), rows, columns);
  }

  private long at(int row, int column) {
    return (long) Objects.checkIndex(row, rows) * columns + Objects.checkIndex(column, columns);
  }

  /** Returns an element. */
  public long get(int row, int column) {
    return array.getPlain(at(row, column));
  }

  /** Changes an element. */
  public void set(int row, int column, long value) {
    array.setPlain(at(row, column), value);
  }

  /** Returns a view of a row: the same memory. */
  public SharedLongArray row(int row) {
    long start = (long) Objects.checkIndex(row, rows) * columns;
    return array.slice(start, start + columns);
  }

  /** Copies a row into a Java array of as many elements or more. */
  public void copyRow(int row, long[] target) {
    array.copyTo((long) Objects.checkIndex(row, rows) * columns, target, 0, columns);
  }

  /** Changes a row to the first elements of a Java array. */
  public void setRow(int row, long[] source) {
    array.copyFrom((long) Objects.checkIndex(row, rows) * columns, source, 0, columns);
  }
}
