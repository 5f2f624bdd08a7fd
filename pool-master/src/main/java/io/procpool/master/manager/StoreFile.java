// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One generation of the journal of a store. Not safe for use by multiple threads. */
final class StoreFile implements Closeable {
  /*
   *   0        4        8                16               24             28
   *   +--------+--------+----------------+----------------+--------------+
   *   | magic  | version| generation     | server's name  | CRC32C       |   then frames, each of them:
   *   +--------+--------+----------------+----------------+--------------+
   *
   *   0        4        8                12
   *   +--------+--------+----------------+-------------------------------------------+
   *   | marker | length | CRC32C         | records, each with its length before it   |
   *   +--------+--------+----------------+-------------------------------------------+
   *
   *   A frame is what was written at once, and is there entirely or not at all. Its CRC covers generation, place, length and content, so that no bytes at
   *   another place look like one. Bad bytes with no good frame behind them are what a crash has left of the last write; before a good frame
   *   they are damage. All numbers are big-endian.
   */
  static final int VERSION = 1;
  static final int HEADER_BYTES = 28;
  static final int FRAME_BYTES = 12;

  private static final Logger LOG = LoggerFactory.getLogger(StoreFile.class);
  private static final int MAGIC = 0x70706d6a;
  private static final int MARKER = 0x9e0ff4a3;
  private static final int SERVER_BYTES = 8;
  private static final int MOST_OF_A_FRAME = 32 << 20; // but one record always
  private static final int WRITTEN_BYTES =
      1 << 20; // at once, because the JDK keeps a buffer of that size
  private static final int SEARCHED_BYTES = 1 << 16;
  private static final Pattern NAME = Pattern.compile("journal-([0-9]{1,18})");

  /** What is done with files to change them; another one in tests, which fails or stops. */
  interface Disk {
    /** Makes an empty file, or makes one empty. */
    default FileChannel create(Path file) throws IOException {
      return FileChannel.open(
          file,
          StandardOpenOption.CREATE,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.TRUNCATE_EXISTING);
    }

    int write(FileChannel file, ByteBuffer bytes, long at) throws IOException;

    default void force(FileChannel file) throws IOException {
      file.force(false);
    }

    default void delete(Path file) throws IOException {
      Files.deleteIfExists(file);
    }
  }

  /** Takes records. */
  interface Records {
    void take(PayloadReader record) throws PayloadFormatException;
  }

  private final Path path;
  private final long generation;
  private final FileChannel channel;
  private volatile long length; // what is behind it is the rest of a write that has failed

  private StoreFile(Path path, long generation, FileChannel channel, long length) {
    this.path = path;
    this.generation = generation;
    this.channel = channel;
    this.length = length;
  }

  /** Returns the generation of a file of a store; -1 if it is none. */
  static long generation(Path file) {
    Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
    return name.matches() ? Long.parseLong(name.group(1)) : -1;
  }

  private static Path path(Path directory, long generation) {
    return directory.resolve("journal-" + generation);
  }

  /** Makes an empty one. One that is there is overwritten: it was never finished. */
  static StoreFile create(Path directory, long generation, String server, Disk disk)
      throws IOException {
    Path path = path(directory, generation);
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES)
        .putInt(MAGIC)
        .putInt(VERSION)
        .putLong(generation)
        .put(HexFormat.of().parseHex(server));
    header.putInt(crc(header.array(), HEADER_BYTES - 4)).flip();
    FileChannel channel = disk.create(path);
    try {
      write(disk, channel, header, 0);
      return new StoreFile(path, generation, channel, HEADER_BYTES);
    } catch (IOException e) {
      channel.close();
      Files.deleteIfExists(path);
      throw e;
    }
  }

  /** Tells whether its header was never written entirely, so that nothing can be behind it. */
  static boolean isUnfinished(Path file) throws IOException {
    return Files.size(file) < HEADER_BYTES;
  }

  /** Returns the name of the server that has written it. */
  static String server(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
      read(channel, header, 0);
      if (header.getInt(0) != MAGIC) {
        throw new IOException(file + " is no journal of a manager: it does not begin as one");
      }
      int version = header.getInt(4);
      if (version > VERSION) {
        throw new IOException(
            file + " has format " + version + ", and this procpool knows those up to " + VERSION
                + "; use the one that has written it");
      }
      if (header.getInt(HEADER_BYTES - 4) != crc(header.array(), HEADER_BYTES - 4)
          || header.getLong(8) != generation(file)) {
        throw damaged(file, 0, "its header is not as it was written");
      }
      return HexFormat.of().formatHex(header.array(), 16, 16 + SERVER_BYTES);
    }
  }

  /**
   * Reads one from its beginning to its end.
   *
   * @param isLast whether it was the last one to be written: then what a crash has left at its end is cut off
   * @throws IOException if it is damaged; the message says where
   */
  static StoreFile open(Path file, boolean isLast, Records records) throws IOException {
    long generation = generation(file);
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean opened = false;
    try {
      long size = channel.size();
      long at = HEADER_BYTES;
      while (at < size) {
        ByteBuffer frame = frame(channel, generation, at, size);
        if (frame == null) {
          cut(file, generation, channel, at, size, isLast);
          break;
        }
        take(file, at, frame, records);
        at += FRAME_BYTES + frame.limit();
      }
      opened = true;
      return new StoreFile(file, generation, channel, at);
    } finally {
      if (!opened) {
        channel.close();
      }
    }
  }

  /** Returns the content of the frame at a place; null if there is no good one. */
  private static @Nullable ByteBuffer frame(
      FileChannel channel, long generation, long at, long size) throws IOException {
    if (size - at < FRAME_BYTES) {
      return null;
    }
    ByteBuffer head = ByteBuffer.allocate(FRAME_BYTES);
    read(channel, head, at);
    int bytes = head.getInt(4);
    if (head.getInt(0) != MARKER || bytes <= 0 || bytes > size - at - FRAME_BYTES) {
      return null;
    }
    ByteBuffer content = ByteBuffer.allocate(bytes);
    read(channel, content, at + FRAME_BYTES);
    return head.getInt(8) == crc(generation, at, content.duplicate(), bytes) ? content : null;
  }

  private static void take(Path file, long at, ByteBuffer frame, Records records)
      throws IOException {
    try {
      PayloadReader reader = new PayloadReader(frame);
      while (reader.remaining() > 0) {
        records.take(new PayloadReader(reader.getSlice(reader.getVarint())));
      }
    } catch (PayloadFormatException e) {
      throw new IOException(
          file + " cannot be read at byte " + at + ": " + e.getMessage() + "; nothing was changed",
          e);
    }
  }

  private static void cut(
      Path file, long generation, FileChannel channel, long at, long size, boolean isLast)
      throws IOException {
    if (!isLast) {
      throw damaged(file, at, "there is no good frame, and there is a later file");
    }
    long next = nextFrame(channel, generation, at + 1, size);
    if (next >= 0) {
      throw damaged(file, at, "there is no good frame, but one at byte " + next);
    }
    channel.truncate(at);
    LOG.info(
        "{}: {} bytes at byte {} were cut off, which a crash has left of the last write",
        file,
        size - at,
        at);
  }

  private static long nextFrame(FileChannel channel, long generation, long from, long size)
      throws IOException {
    ByteBuffer some = ByteBuffer.allocate(SEARCHED_BYTES);
    for (long at = from; at + FRAME_BYTES < size; at += SEARCHED_BYTES - 3) {
      int bytes = (int) Math.min(SEARCHED_BYTES, size - at);
      some.clear().limit(bytes);
      read(channel, some, at);
      for (int i = 0; i + 4 <= bytes; i++) {
        if (some.getInt(i) == MARKER && frame(channel, generation, at + i, size) != null) {
          return at + i;
        }
      }
    }
    return -1;
  }

  private static IOException damaged(Path file, long at, String how) {
    return new IOException(file + " is damaged at byte " + at + ": " + how
        + "; nothing was changed. Restore the directory from a copy, or start with an empty one");
  }

  /**
   * Writes records behind what is there. After a failure nothing of them counts, and they can be written again.
   *
   * @param sync whether they are on the disk afterwards, and not only with the operating system
   */
  void append(List<byte[]> records, boolean sync, Disk disk) throws IOException {
    long end = length;
    int next = 0;
    boolean written = false;
    try {
      while (next < records.size()) {
        int first = next;
        long bytes = 0;
        while (next < records.size() && (next == first || bytes < MOST_OF_A_FRAME)) {
          bytes += 5L + records.get(next++).length;
        }
        end = write(records.subList(first, next), end, disk);
        if (sync) {
          disk.force(channel);
        }
      }
      written = true;
    } finally {
      if (written) {
        length = end;
      } else {
        channel.truncate(length);
      }
    }
  }

  private long write(List<byte[]> records, long at, Disk disk) throws IOException {
    int bytes = 0;
    for (byte[] record : records) {
      bytes += varintBytes(record.length) + record.length;
    }
    ByteBuffer frame = ByteBuffer.allocate(FRAME_BYTES + bytes).position(FRAME_BYTES);
    for (byte[] record : records) {
      putVarint(frame, record.length);
      frame.put(record);
    }
    frame.flip().position(FRAME_BYTES);
    int crc = crc(generation, at, frame.duplicate(), bytes);
    frame.putInt(0, MARKER).putInt(4, bytes).putInt(8, crc).position(0);
    return write(disk, channel, frame, at);
  }

  private static int varintBytes(int value) {
    return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
  }

  private static void putVarint(ByteBuffer out, int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      out.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  private static long write(Disk disk, FileChannel channel, ByteBuffer bytes, long at)
      throws IOException {
    long to = at;
    int end = bytes.limit();
    while (to < at + end) {
      bytes.limit(Math.min(end, bytes.position() + WRITTEN_BYTES));
      to += disk.write(channel, bytes, to);
    }
    return to;
  }

  private static void read(FileChannel channel, ByteBuffer into, long at) throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into, at + into.position()) < 0) {
        throw new IOException("the file ends at byte " + (at + into.position()));
      }
    }
    into.flip();
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  private static int crc(long generation, long at, ByteBuffer content, int bytes) {
    CRC32C crc = new CRC32C();
    crc.update(
        ByteBuffer.allocate(20).putLong(generation).putLong(at).putInt(bytes).flip());
    crc.update(content);
    return (int) crc.getValue();
  }

  /** Sees to it that the names of files are on the disk, where the system knows how to. */
  static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  Path path() {
    return path;
  }

  long generation() {
    return generation;
  }

  long length() {
    return length;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
