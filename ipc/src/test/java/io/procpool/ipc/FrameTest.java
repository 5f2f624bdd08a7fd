// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.procpool.ipc.wire.ToWorker;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameTest {
  private static final int MIB = 1 << 20;
  private static final ToWorker HEADER = new ToWorker.Ping(300);

  /** Frames of all sizes come back, from heap buffers and others, from a channel that gives little at a time. */
  @Test
  void write_anySize_isReadBack() throws Exception {
    int[] sizes = {0, 1, 127, 128, 16_000, 17_000, 65_536, 262_144, 262_145, 3 * MIB + 1};
    Bytes sink = new Bytes(new byte[0]);
    FrameWriter writer = new FrameWriter(sink);
    for (int size : sizes) {
      ByteBuffer direct = ByteBuffer.allocateDirect(size).put(bytes(size)).flip();
      ByteBuffer heap = ByteBuffer.wrap(bytes(size));
      writer.write(HEADER, heap);
      writer.write(HEADER, direct);
      assertThat(heap.position()).as("position of %d bytes", size).isEqualTo(size);
      assertThat(heap.limit()).isEqualTo(size);
    }
    FrameReader reader = readerOf(sink.taken.toByteArray());
    for (int size : sizes) {
      for (int i = 0; i < 2; i++) {
        FrameReader.Frame frame = reader.read();
        assertThat(ToWorker.read(frame.header())).isEqualTo(HEADER);
        assertThat(Arrays.equals(frame.payload(), bytes(size)))
            .as("%d bytes", size)
            .isTrue();
      }
    }
    assertThat(reader.hasBuffered()).isFalse();
    assertThatIOException().isThrownBy(reader::read).isInstanceOf(EOFException.class);
  }

  private static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  private static FrameReader readerOf(byte[] bytes) {
    return new FrameReader(new Bytes(bytes));
  }

  /** Bytes to read, no more than so many at a time, and what was written. */
  private static final class Bytes implements FrameChannel {
    private static final int MOST = 100_000;

    private final ByteBuffer given;
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

    Bytes(byte[] given) {
      this.given = ByteBuffer.wrap(given);
    }

    @Override
    public void read(ByteBuffer target) throws IOException {
      if (!given.hasRemaining()) {
        throw new EOFException();
      }
      int length = Math.min(MOST, Math.min(target.remaining(), given.remaining()));
      target.put(given.slice(given.position(), length));
      given.position(given.position() + length);
    }

    @Override
    public boolean isReady() {
      return given.hasRemaining();
    }

    @Override
    public void check() {}

    @Override
    public void write(ByteBuffer... sources) {
      for (ByteBuffer source : sources) {
        byte[] bytes = new byte[source.remaining()];
        source.get(bytes);
        taken.writeBytes(bytes);
      }
    }
  }
}
