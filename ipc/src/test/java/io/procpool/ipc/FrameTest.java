// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.procpool.ipc.wire.ToWorker;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.GatheringByteChannel;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameTest {
  private static final int MIB = 1 << 20;
  private static final ToWorker HEADER = new ToWorker.Ping(300);

  /** Frames of all sizes come back, from heap buffers and others, over a channel that takes little at a time. */
  @Test
  void write_anySize_isReadBack() throws Exception {
    int[] sizes = {0, 1, 127, 128, 16_000, 17_000, 65_536, 262_144, 262_145, 3 * MIB + 1};
    Sink sink = new Sink(100_000);
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

  /** A channel makes a direct buffer as large as what it is offered, and the thread keeps it: so that is little. */
  @Test
  void write_largeHeapPayload_isOfferedInPieces() throws Exception {
    Sink sink = new Sink(Integer.MAX_VALUE);
    new FrameWriter(sink).write(HEADER, ByteBuffer.wrap(bytes(8 * MIB)));
    assertThat(sink.mostOffered).isLessThanOrEqualTo(256 * 1024);
    assertThat(readerOf(sink.taken.toByteArray()).read().payload()).hasSize(8 * MIB);
  }

  private static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  private static FrameReader readerOf(byte[] bytes) {
    return new FrameReader(Channels.newChannel(new ByteArrayInputStream(bytes)));
  }

  /** Takes no more than so many bytes at a time. */
  private static final class Sink implements GatheringByteChannel {
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private final int mostTaken;
    private int mostOffered;

    Sink(int mostTaken) {
      this.mostTaken = mostTaken;
    }

    @Override
    public int write(ByteBuffer source) {
      mostOffered = Math.max(mostOffered, source.remaining());
      byte[] bytes = new byte[Math.min(mostTaken, source.remaining())];
      source.get(bytes);
      taken.writeBytes(bytes);
      return bytes.length;
    }

    @Override
    public long write(ByteBuffer[] sources) {
      return write(sources, 0, sources.length);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
      long count = 0;
      for (int i = offset; i < offset + length; i++) {
        count += write(sources[i]);
        if (sources[i].hasRemaining()) {
          break;
        }
      }
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
