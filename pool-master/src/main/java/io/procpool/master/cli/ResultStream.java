// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Standard output for results: buffered, and flushed by whoever calls {@link #flushQuietly} now and then, so that a result
 * is seen soon after it is there. Once the reader is gone ({@code | head}), or a write has failed otherwise, everything
 * written is dropped; {@link #isBroken} and {@link #failure} say so. Safe for use by multiple threads.
 */
final class ResultStream extends OutputStream {
  private static final int BUFFER_BYTES = 1 << 16;

  private final OutputStream target;
  private final Runnable beforeWrite;
  private final byte[] buffer = new byte[BUFFER_BYTES]; // guarded by this
  private int length; // guarded by this
  private volatile boolean broken;
  private volatile @Nullable IOException failure;

  /** Wraps a stream; {@code beforeWrite} is run before bytes go to it. */
  ResultStream(OutputStream target, Runnable beforeWrite) {
    this.target = target;
    this.beforeWrite = beforeWrite;
  }

  /** Tells whether a write has failed. */
  boolean isBroken() {
    return broken;
  }

  /** Returns what a write has failed with, unless the reader has gone. */
  Optional<IOException> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int count) throws IOException {
    if (length + count > buffer.length) {
      flush();
    }
    if (count > buffer.length) {
      send(bytes, offset, count);
    } else {
      System.arraycopy(bytes, offset, buffer, length, count);
      length += count;
    }
  }

  @Override
  public synchronized void flush() throws IOException {
    if (length > 0) {
      int count = length;
      length = 0;
      send(buffer, 0, count);
    }
  }

  /** Writes what is buffered; a failure only shows in {@link #isBroken}. */
  void flushQuietly() {
    try {
      flush();
    } catch (IOException e) {
      // seen by isBroken
    }
  }

  private void send(byte[] bytes, int offset, int count) throws IOException {
    if (broken) {
      return;
    }
    try {
      beforeWrite.run();
      target.write(bytes, offset, count);
      target.flush();
    } catch (IOException e) {
      failure = isReaderGone(e) ? null : e;
      broken = true;
      throw e;
    }
  }

  private static boolean isReaderGone(IOException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains("roken pipe") || message.equals(brokenPipe());
  }

  /** Returns what this system, in this language, says of a pipe without a reader. */
  private static String brokenPipe() {
    try {
      Pipe pipe = Pipe.open();
      pipe.source().close();
      try (Pipe.SinkChannel sink = pipe.sink()) {
        sink.write(ByteBuffer.allocate(1));
      }
      return "";
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
