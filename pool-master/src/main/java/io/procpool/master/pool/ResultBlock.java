// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import org.jspecify.annotations.Nullable;

/** The outcomes of consecutive items of one work, possibly still encoded. Immutable. */
public abstract class ResultBlock {
  private final int first;
  private final int count;

  /** Covers {@code count} items beginning with number {@code first} of the work. */
  protected ResultBlock(int first, int count) {
    this.first = first;
    this.count = count;
  }

  /** Returns the number of the first item. */
  public final int first() {
    return first;
  }

  /** Returns the number of items. */
  public final int count() {
    return count;
  }

  /** Returns how many bytes the encoded outcomes take; zero if they are not encoded. */
  public long bytes() {
    return 0;
  }

  /** Decodes in the calling thread; tells the visitor of each item once, in order. Never throws. */
  public abstract void decode(Visitor visitor);

  /** Takes the outcomes of a block. */
  public interface Visitor {
    /** Item {@code item} of the work has this value. */
    void value(int item, @Nullable Object value);

    /** Item {@code item} of the work failed with this. */
    void error(int item, Throwable error);
  }

  /** Returns a block of one value. */
  public static ResultBlock ofValue(int item, @Nullable Object value) {
    return new ResultBlock(item, 1) {
      @Override
      public void decode(Visitor visitor) {
        visitor.value(item, value);
      }
    };
  }

  /** Returns a block in which all items failed with the same thing. */
  public static ResultBlock ofError(int first, int count, Throwable error) {
    return new ResultBlock(first, count) {
      @Override
      public void decode(Visitor visitor) {
        for (int i = 0; i < count; i++) {
          visitor.error(first + i, error);
        }
      }
    };
  }
}
