// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import java.io.Serializable;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Objects;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * The values of a map, in the order of its inputs; of fixed size, and may be written to, like {@link java.util.Arrays#asList}.
 * It comes out of serialization as an {@link ArrayList}. Not safe for use by multiple threads while one of them writes.
 */
final class ResultList<T> extends AbstractList<@Nullable T> implements RandomAccess, Serializable {
  /*
   * In chunks, because an array of a million values would be too large for a collector's young generation. G1 keeps what
   * such an array refers to even when nothing refers to the array any more, and copies it in each young collection: with
   * one array, a map of two million numbers was half as fast.
   */
  private static final long serialVersionUID = 1L;
  private static final int CHUNK_BITS = 12;
  private static final int CHUNK = 1 << CHUNK_BITS;

  private final int size;
  private final transient @Nullable Object[] @Nullable []
      chunks; // each made when it is first written to

  ResultList(int size) {
    this.size = size;
    this.chunks = new @Nullable Object[(size + CHUNK - 1) >>> CHUNK_BITS] @Nullable [];
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  @SuppressWarnings("unchecked")
  public @Nullable T get(int index) {
    @Nullable Object[] chunk = chunks[Objects.checkIndex(index, size) >>> CHUNK_BITS];
    return chunk == null ? null : (T) chunk[index & (CHUNK - 1)];
  }

  @Override
  public @Nullable T set(int index, @Nullable T value) {
    T before = get(index);
    put(index, value);
    return before;
  }

  void put(int index, @Nullable Object value) {
    @Nullable Object[] chunk = chunks[index >>> CHUNK_BITS];
    if (chunk == null) {
      chunk = new @Nullable Object[Math.min(CHUNK, size - (index & -CHUNK))];
      chunks[index >>> CHUNK_BITS] = chunk;
    }
    chunk[index & (CHUNK - 1)] = value;
  }

  @Override
  public @Nullable Object[] toArray() {
    @Nullable Object[] all = new @Nullable Object[size];
    for (int i = 0; i < chunks.length; i++) {
      @Nullable Object[] chunk = chunks[i];
      if (chunk != null) {
        System.arraycopy(chunk, 0, all, i << CHUNK_BITS, chunk.length);
      }
    }
    return all;
  }

  private Object writeReplace() {
    return new ArrayList<>(this);
  }
}
