// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class PayloadWriterTest {
  /** What every put writes, the get of the same name reads. */
  @Test
  void put_everyKind_isReadBack() throws Exception {
    PayloadWriter writer = new PayloadWriter(0, 1000);
    int[] varints = {0, 1, 127, 128, 16_383, 16_384, 1 << 21, 1 << 28, Integer.MAX_VALUE, -1};
    writer.putByte(-3);
    writer.putByte(-4);
    writer.putByte(-1);
    writer.putInt(-5);
    writer.putLong(-6);
    for (int varint : varints) {
      writer.putVarint(varint);
    }
    writer.putBytes(new byte[] {1, 2});
    writer.putBytes(ByteBuffer.wrap(new byte[] {0, 3, 4}, 1, 2));
    writer.putIntAt(3, 77);

    PayloadReader reader = new PayloadReader(writer.view());
    assertThat(reader.getByte()).isEqualTo((byte) -3);
    assertThat(reader.getShort()).isEqualTo((short) -4);
    assertThat(reader.getInt()).isEqualTo(77);
    assertThat(reader.getLong()).isEqualTo(-6);
    for (int varint : varints) {
      assertThat(reader.getVarint()).isEqualTo(varint);
    }
    assertThat(reader.getBytes(3)).containsExactly(1, 2, 3);
    assertThat(reader.getSlice(1).get()).isEqualTo((byte) 4);
    assertThat(reader.remaining()).isZero();
    assertThatExceptionOfType(PayloadFormatException.class).isThrownBy(reader::getByte);
  }

  /** Beyond the limit nothing is written, and size and limit are named. */
  @Test
  void putBytes_beyondLimit_writesNothing() {
    PayloadWriter writer = new PayloadWriter(4, 10);
    writer.putInt(1);
    assertThatExceptionOfType(PayloadTooLargeException.class)
        .isThrownBy(() -> writer.putBytes(new byte[7]))
        .withMessageContaining("11 bytes is above the limit of 10 bytes")
        .satisfies(e -> assertThat(e.sizeBytes()).isEqualTo(11))
        .satisfies(e -> assertThat(e.limitBytes()).isEqualTo(10));
    assertThat(writer.position()).isEqualTo(4);
    writer.putBytes(new byte[6]);
    assertThat(writer.toByteArray()).hasSize(10);
  }

  /** At the end of a fixed buffer nothing is written; the bytes around its window are never touched. */
  @Test
  void putBytes_beyondFixedBuffer_writesNothing() {
    ByteBuffer target = ByteBuffer.allocateDirect(12).position(2).limit(10);
    PayloadWriter writer = new PayloadWriter(target);
    writer.putInt(-1);
    assertThatExceptionOfType(PayloadFullException.class)
        .isThrownBy(() -> writer.putBytes(new byte[] {9, 9, 9, 9, 9}));
    assertThat(writer.position()).isEqualTo(4);
    assertThat(target.position()).isEqualTo(2);
    target.clear();
    byte[] all = new byte[12];
    target.get(all);
    assertThat(all).containsExactly(0, 0, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0);
  }

  /** Going back gives up what follows, and never goes forward. */
  @Test
  void position_back_givesUpWhatFollows() {
    PayloadWriter writer = new PayloadWriter();
    writer.putInt(1);
    writer.putInt(2);
    writer.position(4);
    assertThat(writer.view().remaining()).isEqualTo(4);
    assertThatIllegalArgumentException().isThrownBy(() -> writer.position(5));
  }

  /** A reset keeps small buffers and gives up large ones. */
  @Test
  void reset_afterLargePayload_givesUpTheBuffer() {
    PayloadWriter writer = new PayloadWriter();
    writer.putBytes(new byte[PayloadWriter.RETAINED_BYTES + 1]);
    writer.reset();
    assertThat(writer.position()).isZero();
    assertThat(writer.room(0).capacity()).isLessThanOrEqualTo(PayloadWriter.RETAINED_BYTES);
  }

  /** A number of more than 32 bits is a format error. */
  @Test
  void getVarint_tooLong_isFormatError() {
    for (byte[] bytes : new byte[][] {{-1, -1, -1, -1, 16}, {-1, -1, -1, -1, -1, -1}}) {
      assertThatExceptionOfType(PayloadFormatException.class)
          .isThrownBy(() -> new PayloadReader(bytes).getVarint());
    }
  }
}
