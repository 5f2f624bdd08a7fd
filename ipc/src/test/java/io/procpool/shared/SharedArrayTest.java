// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import static io.procpool.shared.SharedValueTest.sent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arrays of every kind: elements, ranges, copies, views, errors. */
final class SharedArrayTest {
  private static final int LARGE = 300_000; // has a file of its own

  @ParameterizedTest
  @ValueSource(ints = {11, LARGE})
  void sharedIntArray_changedAtRandom_isAsAnArray(int length) throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int[] model = random.ints(length).toArray();
    try (SharedIntArray array = SharedIntArray.of(model);
        SharedIntArray other = sent(array)) {
      assertThat(other).isEqualTo(array);
      for (int step = 0; step < 10_000; step++) {
        int index = random.nextInt(length);
        int value = random.nextInt();
        switch (random.nextInt(6)) {
          case 0 -> array.set(index, model[index] = value);
          case 1 -> other.setPlain(index, model[index] = value);
          case 2 -> {
            assertThat(other.getAndAdd(index, value)).isEqualTo(model[index]);
            model[index] += value;
          }
          case 3 -> {
            assertThat(array.compareAndSet(index, model[index] + 1, 0)).isFalse();
            assertThat(array.compareAndSet(index, model[index], value)).isTrue();
            model[index] = value;
          }
          case 4 -> {
            int from = random.nextInt(index + 1);
            array.fill(from, index, value);
            Arrays.fill(model, from, index, value);
          }
          default -> {
            int from = random.nextInt(index + 1);
            int[] part = random.ints(index - from + 3L).toArray();
            other.copyFrom(from, part, 2, index - from);
            System.arraycopy(part, 2, model, from, index - from);
          }
        }
        assertThat(other.get(index)).as("seed %d", seed).isEqualTo(model[index]);
      }
      assertThat(other.toArray()).as("seed %d", seed).isEqualTo(model);
      assertThat(array.stream().toArray()).isEqualTo(model);
      int[] part = new int[length];
      other.copyTo(length / 2, part, 1, length / 3);
      assertThat(Arrays.copyOfRange(part, 1, 1 + length / 3))
          .isEqualTo(Arrays.copyOfRange(model, length / 2, length / 2 + length / 3));
    }
  }

  /** Elements of one or two bytes share a word with their neighbours; a change of one is no change of the others. */
  @Test
  void narrowArrays_changedAtRandom_leaveTheirNeighboursAlone() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] bytes = new byte[23];
    short[] shorts = new short[23];
    char[] chars = new char[23];
    boolean[] booleans = new boolean[23];
    try (SharedByteArray sharedBytes = SharedByteArray.create(23);
        SharedShortArray sharedShorts = SharedShortArray.create(23);
        SharedCharArray sharedChars = SharedCharArray.create(23);
        SharedBooleanArray sharedBooleans = SharedBooleanArray.create(23)) {
      for (int step = 0; step < 20_000; step++) {
        int i = random.nextInt(23);
        int value = random.nextInt();
        switch (random.nextInt(4)) {
          case 0 -> {
            assertThat(sharedBytes.getAndAdd(i, (byte) value)).isEqualTo(bytes[i]);
            bytes[i] += (byte) value;
            assertThat(sharedShorts.addAndGet(i, (short) value))
                .isEqualTo(shorts[i] += (short) value);
            assertThat(sharedChars.getAndAdd(i, (char) value)).isEqualTo(chars[i]);
            chars[i] += (char) value;
          }
          case 1 -> {
            sharedBytes.set(i, bytes[i] = (byte) value);
            sharedShorts.set(i, shorts[i] = (short) value);
            sharedChars.set(i, chars[i] = (char) value);
            sharedBooleans.set(i, booleans[i] = value > 0);
          }
          case 2 -> {
            assertThat(sharedBytes.compareAndSet(i, bytes[i], (byte) value)).isTrue();
            bytes[i] = (byte) value;
            assertThat(sharedBooleans.compareAndSet(i, !booleans[i], true)).isFalse();
            assertThat(sharedBooleans.getAndSet(i, value > 0)).isEqualTo(booleans[i]);
            booleans[i] = value > 0;
          }
          default -> {
            sharedBytes.setPlain(i, bytes[i] = (byte) value);
            sharedShorts.setPlain(i, shorts[i] = (short) value);
            sharedChars.setPlain(i, chars[i] = (char) value);
            sharedBooleans.setPlain(i, booleans[i] = value > 0);
          }
        }
        assertThat(sharedBytes.get(i)).as("seed %d", seed).isEqualTo(bytes[i]);
        assertThat(sharedShorts.getPlain(i)).as("seed %d", seed).isEqualTo(shorts[i]);
      }
      assertThat(sharedBytes.toArray()).as("seed %d", seed).isEqualTo(bytes);
      assertThat(sharedShorts.toArray()).as("seed %d", seed).isEqualTo(shorts);
      assertThat(sharedChars.toArray()).as("seed %d", seed).isEqualTo(chars);
      assertThat(sharedBooleans.toArray()).as("seed %d", seed).isEqualTo(booleans);
    }
  }

  @Test
  void wideArrays_copiesAndViews_keepEveryBit() throws Exception {
    double[] doubles = {0.0, -0.0, Double.NaN, Math.PI, Double.MIN_VALUE};
    try (SharedDoubleArray array = SharedDoubleArray.of(doubles);
        SharedLongArray longs = SharedLongArray.create(5);
        SharedFloatArray floats = SharedFloatArray.of(1.5f, -2.5f)) {
      assertThat(array.toArray()).isEqualTo(doubles);
      assertThat(array.addAndGet(3, 1)).isEqualTo(Math.PI + 1);
      assertThat(array.updateAndGet(4, x -> 7)).isEqualTo(7);
      longs.fill(-1);
      assertThat(longs.getAndUpdate(2, x -> x - 1)).isEqualTo(-1);
      assertThat(longs.stream().sum()).isEqualTo(-6);
      assertThat(floats.getAndAdd(1, 1)).isEqualTo(-2.5f);
      assertThat(floats.toArray()).isEqualTo(new float[] {1.5f, -1.5f});
    }
  }

  @Test
  void slice_ofASlice_isTheSameMemory() throws Exception {
    try (SharedIntArray array = SharedIntArray.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)) {
      SharedIntArray slice = sent(array.slice(2, 9).slice(1, 5));
      assertThat(slice.toArray()).isEqualTo(new int[] {3, 4, 5, 6});
      assertThat(slice).isEqualTo(array.slice(3, 7)).isNotEqualTo(array);
      slice.set(0, -3);
      assertThat(array.get(3)).isEqualTo(-3);
      assertThatThrownBy(() -> slice.get(4)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> slice.slice(3, 5)).isInstanceOf(IndexOutOfBoundsException.class);
      slice.close();
      assertThat(array.get(9)).isEqualTo(9);
    }
  }

  @Test
  void asMatrix_rows_areTheArraysElements() throws Exception {
    try (SharedDoubleArray array = SharedDoubleArray.create(6)) {
      SharedDoubleMatrix matrix = sent(array.asMatrix(2, 3));
      matrix.set(1, 2, 4.5);
      matrix.setRow(0, new double[] {1, 2, 3});
      assertThat(array.toArray()).isEqualTo(new double[] {1, 2, 3, 0, 0, 4.5});
      assertThat(matrix.get(0, 1)).isEqualTo(2);
      assertThat(matrix.row(1).toArray()).isEqualTo(new double[] {0, 0, 4.5});
      double[] row = new double[4];
      matrix.copyRow(1, row);
      assertThat(row).isEqualTo(new double[] {0, 0, 4.5, 0});
      assertThatThrownBy(() -> matrix.get(2, 0)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> matrix.get(0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> array.asMatrix(2, 4))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("rows: 2, columns: 4 (expected:");
    }
  }

  @Test
  void asByteBuffer_written_isTheArray() {
    try (SharedShortArray array = SharedShortArray.of((short) 1, (short) 2, (short) 3)) {
      ByteBuffer view = array.asByteBuffer();
      assertThat(view.remaining()).isEqualTo(6);
      assertThat(view.getShort(2)).isEqualTo((short) 2);
      view.putShort(4, (short) -7);
      assertThat(array.get(2)).isEqualTo((short) -7);
      assertThat(array.slice(1, 2).asByteBuffer().remaining()).isEqualTo(2);
      assertThat(array.slice(1, 1).asByteBuffer().remaining()).isZero();
    }
  }

  @Test
  void badRanges_areRefusedAndChangeNothing() {
    try (SharedIntArray array = SharedIntArray.of(1, 2, 3)) {
      for (long index : new long[] {-1, 3, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32}) {
        assertThatThrownBy(() -> array.get(index)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> array.set(index, 0)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> array.fill(0, index == 3 ? 4 : index, 0))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
      assertThatThrownBy(() -> array.copyTo(0, new int[2], 0, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> array.copyFrom(1, new int[5], 0, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(array.toArray()).isEqualTo(new int[] {1, 2, 3});
    }
    for (Supplier<?> creation : Arrays.<Supplier<?>>asList(
        () -> SharedLongArray.create(-1), () -> SharedLongArray.create(Long.MAX_VALUE))) {
      assertThatThrownBy(creation::get)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("(expected: 0 to ");
    }
  }

  /** Beyond 2 GiB, and where one part of the memory ends and the next begins. */
  @Test
  @Tag("stress")
  void sharedLongArray_ofSeveralParts_isOneArray() throws Exception {
    long length = (5L << 27) / 2; // two parts of 1 GiB and a half
    long[] ends = {1L << 27, 2L << 27};
    try (SharedLongArray array = SharedLongArray.create(length);
        SharedLongArray other = sent(array)) {
      for (long end : ends) {
        for (long index = end - 3; index < end + 3; index++) {
          array.set(index, index);
        }
        long[] copy = new long[6];
        other.copyTo(end - 3, copy, 0, 6);
        assertThat(copy).isEqualTo(LongStream.range(end - 3, end + 3).toArray());
        other.copyFrom(end - 2, new long[] {7, 8, 9, 10}, 0, 4);
        assertThat(array.slice(end - 3, end + 3).toArray())
            .isEqualTo(new long[] {end - 3, 7, 8, 9, 10, end + 2});
        array.fill(end - 1, end + 1, -1);
        assertThat(other.get(end - 1) + other.get(end)).isEqualTo(-2);
        SharedLongArray across = array.slice(end - 1, end + 1);
        assertThatThrownBy(across::asByteBuffer)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("lie in several parts of 1 GiB");
      }
      array.set(length - 1, 1);
      assertThat(other.getAndAdd(length - 1, 1)).isEqualTo(1);
      assertThatThrownBy(() -> array.get(length)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void create_moreThanThereIs_saysHowMuchThereIs() {
    assertThatThrownBy(() -> SharedLongArray.create(1L << 42))
        .isInstanceOfSatisfying(OutOfSharedMemoryException.class, failure -> {
          assertThat(failure.requestedBytes()).isGreaterThanOrEqualTo(1L << 45);
          assertThat(failure.availableBytes()).isPositive().isLessThan(1L << 45);
        })
        .hasMessageContaining("no room for the SharedLongArray of ")
        .hasMessageContaining("-Dprocpool.directory=PATH");
  }

  @Test
  void create_nothing_isEmpty() {
    try (SharedDoubleArray empty = SharedDoubleArray.create(0)) {
      assertThat(empty.toArray()).isEmpty();
      empty.fill(1);
      assertThatThrownBy(() -> empty.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
