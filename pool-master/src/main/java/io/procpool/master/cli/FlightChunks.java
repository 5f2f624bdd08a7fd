// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** The chunks of which a flight recording consists, as far as they must be known to save what a killed JVM has left. */
final class FlightChunks {
  /*   0       4         8            16           24         32        64      68
   *   +-------+---------+------------+------------+----------+- times -+-------+-------
   *   | FLR\0 | version | chunkBytes | constants  | metadata |         | state | events
   *   Big endian. The recorder writes the header anew with each flush, so chunkBytes says how much is whole. Before the first flush there is no metadata (zero), without which nothing can be
   *   read. A state other than zero means that more may come: readers wait for it. */
  private static final int MAGIC = 0x464c5200;
  private static final int BYTES_AT = 8;
  private static final int METADATA_AT = 24;
  private static final int STATE_AT = 64;
  private static final int HEADER_BYTES = 68;
  private static final byte FINISHED = 0;

  private FlightChunks() {}

  /** Tells whether a file is a recording from its first to its last byte. */
  static boolean isWhole(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      long end = in.size();
      long at = 0;
      while (at < end) {
        ByteBuffer header = header(in, at);
        long bytes = wholeBytes(header, end - at);
        if (bytes == 0 || header.get(STATE_AT) != FINISHED) {
          return false;
        }
        at += bytes;
      }
      return at > 0;
    }
  }

  /**
   * Makes a recording of what is whole of some chunks.
   *
   * @return false if that is nothing; then there is no file
   */
  static boolean assemble(List<Path> chunks, Path file) throws IOException {
    long end = 0;
    try (FileChannel to = FileChannel.open(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE)) {
      for (Path chunk : chunks) {
        try (FileChannel from = FileChannel.open(chunk, StandardOpenOption.READ)) {
          long bytes = wholeBytes(header(from, 0), from.size());
          if (bytes > 0) {
            copy(from, bytes, to.position(end));
            to.write(ByteBuffer.wrap(new byte[] {FINISHED}), end + STATE_AT);
            end += bytes;
          }
        }
      }
    }
    if (end == 0) {
      Files.delete(file);
    }
    return end > 0;
  }

  private static ByteBuffer header(FileChannel in, long at) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    while (header.hasRemaining() && in.read(header, at + header.position()) >= 0) {
      // again
    }
    return header;
  }

  /** Returns how many bytes a chunk has, zero if it is none or nothing of it is whole. */
  private static long wholeBytes(ByteBuffer header, long most) {
    long bytes = header.getLong(BYTES_AT);
    long metadata = header.getLong(METADATA_AT);
    boolean isChunk = !header.hasRemaining() && header.getInt(0) == MAGIC;
    return isChunk && bytes <= most && metadata >= HEADER_BYTES && metadata < bytes ? bytes : 0;
  }

  static void copy(FileChannel from, long bytes, FileChannel to) throws IOException {
    long copied = 0;
    while (copied < bytes) {
      long more = from.transferTo(copied, bytes - copied, to);
      if (more <= 0) {
        throw new IOException("a chunk has become shorter while it was copied");
      }
      copied += more;
    }
  }
}
