// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Values of every kind: access, handles, closing. */
final class SharedValueTest {
  /** What comes out at the other end of a message. */
  @SuppressWarnings("unchecked")
  static <T> T sent(T handle) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(handle);
    }
    return (T) new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
  }

  @Test
  void sharedInt_allAccess_isOfOneNumber() throws Exception {
    try (SharedInt value = SharedInt.create(7);
        SharedInt other = sent(value)) {
      assertThat(other).isEqualTo(value).hasSameHashCodeAs(value).isNotSameAs(value);
      assertThat(other.get()).isEqualTo(7);
      other.set(Integer.MIN_VALUE);
      assertThat(value.getPlain()).isEqualTo(Integer.MIN_VALUE);
      value.setPlain(10);
      assertThat(other.getAcquire()).isEqualTo(10);
      value.setRelease(11);
      assertThat(other.getAndSet(12)).isEqualTo(11);
      assertThat(value.compareAndSet(11, 1)).isFalse();
      assertThat(value.compareAndSet(12, 13)).isTrue();
      assertThat(other.getAndAdd(2)).isEqualTo(13);
      assertThat(other.addAndGet(-5)).isEqualTo(10);
      assertThat(value.incrementAndGet()).isEqualTo(11);
      assertThat(value.decrementAndGet()).isEqualTo(10);
      assertThat(value.getAndUpdate(n -> n * 2)).isEqualTo(10);
      assertThat(other.updateAndGet(n -> n + 1)).isEqualTo(21);
      assertThat(value.accumulateAndGet(50, Math::max)).isEqualTo(50);
      assertThat(other).hasToString("SharedInt[50]");
    }
  }

  @Test
  void sharedLong_allAccess_isOfOneNumber() throws Exception {
    try (SharedLong value = SharedLong.create(Long.MAX_VALUE);
        SharedLong other = sent(value)) {
      assertThat(other.get()).isEqualTo(Long.MAX_VALUE);
      assertThat(other.incrementAndGet()).isEqualTo(Long.MIN_VALUE);
      value.setPlain(1L << 40);
      assertThat(other.getPlain()).isEqualTo(1L << 40);
      assertThat(other.getAndAdd(5)).isEqualTo(1L << 40);
      assertThat(value.compareAndSet((1L << 40) + 5, -1)).isTrue();
      assertThat(value.getAndSet(3)).isEqualTo(-1);
      assertThat(value.updateAndGet(n -> n << 33)).isEqualTo(3L << 33);
      assertThat(value.accumulateAndGet(1, Long::sum)).isEqualTo((3L << 33) + 1);
    }
  }

  @Test
  void sharedDoubleAndFloat_allAccess_keepEveryBit() throws Exception {
    try (SharedDouble value = SharedDouble.create(3.333333333333333);
        SharedDouble other = sent(value)) {
      assertThat(other.get()).isEqualTo(3.333333333333333);
      assertThat(other.addAndGet(1)).isEqualTo(4.333333333333333);
      assertThat(value.compareAndSet(0, 1)).isFalse();
      value.set(-0.0);
      assertThat(value.compareAndSet(0.0, 1)).isFalse(); // other bits
      assertThat(value.compareAndSet(-0.0, 1)).isTrue();
      assertThat(value.updateAndGet(Math::exp)).isEqualTo(Math.E);
      assertThat(value.getAndSet(Double.NaN)).isEqualTo(Math.E);
      assertThat(other.get()).isNaN();
    }
    try (SharedFloat value = SharedFloat.create(1.5f);
        SharedFloat other = sent(value)) {
      assertThat(other.getAndAdd(0.25f)).isEqualTo(1.5f);
      assertThat(value.get()).isEqualTo(1.75f);
      assertThat(value.compareAndSet(1.75f, Float.MIN_VALUE)).isTrue();
      assertThat(other.getPlain()).isEqualTo(Float.MIN_VALUE);
    }
  }

  @Test
  void narrowValues_extremes_comeBack() throws Exception {
    try (SharedByte value = SharedByte.create(Byte.MIN_VALUE);
        SharedByte other = sent(value)) {
      assertThat(other.get()).isEqualTo(Byte.MIN_VALUE);
      assertThat(other.addAndGet((byte) -1)).isEqualTo(Byte.MAX_VALUE);
      assertThat(value.compareAndSet(Byte.MAX_VALUE, (byte) -1)).isTrue();
      assertThat(value.getAndSet((byte) 3)).isEqualTo((byte) -1);
    }
    try (SharedShort value = SharedShort.create(Short.MAX_VALUE);
        SharedShort other = sent(value)) {
      assertThat(other.getAndAdd((short) 1)).isEqualTo(Short.MAX_VALUE);
      assertThat(value.get()).isEqualTo(Short.MIN_VALUE);
    }
    try (SharedChar value = SharedChar.create('\uffff');
        SharedChar other = sent(value)) {
      assertThat(other.get()).isEqualTo('\uffff');
      assertThat(other.addAndGet((char) 1)).isEqualTo('\0');
      assertThat(value.compareAndSet('\0', '€')).isTrue();
      assertThat(other.getPlain()).isEqualTo('€');
    }
    try (SharedBoolean value = SharedBoolean.create(true);
        SharedBoolean other = sent(value)) {
      assertThat(other.getAndSet(false)).isTrue();
      assertThat(value.compareAndSet(true, false)).isFalse();
      assertThat(value.compareAndSet(false, true)).isTrue();
      assertThat(other.get()).isTrue();
    }
  }

  @Test
  void close_usedAfterwards_isAnErrorThatNamesIt() throws Exception {
    SharedInt value = SharedInt.create(1);
    SharedInt other = sent(value);
    value.close();
    value.close();
    assertThat(value).hasToString("SharedInt[closed]");
    for (Runnable use : List.<Runnable>of(
        value::get, () -> value.set(1), () -> value.getAndAdd(1), () -> value.setPlain(2))) {
      assertThatThrownBy(use::run)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("the SharedInt of 4 bytes is closed");
    }
    assertThatThrownBy(() -> sent(value))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
    assertThat(other.incrementAndGet()).isEqualTo(2); // who has it keeps it
    assertThatThrownBy(() -> sent(other))
        .hasMessageContaining("it was closed by the process that made it");
    other.close();
  }

  /** Closing a copy is not closing the value. */
  @Test
  void close_copy_leavesTheValue() throws Exception {
    try (SharedLong value = SharedLong.create(1)) {
      for (int i = 0; i < 100; i++) {
        try (SharedLong copy = sent(value)) {
          copy.getAndAdd(1);
        }
      }
      assertThat(value.get()).isEqualTo(101);
    }
  }

  /** More values than one arena holds; each is its own, and what is given back is used again. */
  @Test
  void create_many_areIndependent() throws Exception {
    List<SharedLong> values = new ArrayList<>();
    for (long i = 0; i < 10_000; i++) {
      values.add(SharedLong.create(i));
    }
    for (int i = 0; i < 10_000; i++) {
      assertThat(values.get(i).get()).isEqualTo(i);
    }
    values.forEach(SharedLong::close);
  }
}
