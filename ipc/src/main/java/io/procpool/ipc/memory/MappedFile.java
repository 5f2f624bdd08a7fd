// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static io.procpool.ipc.memory.BlockLayout.FILE_HEADER_BYTES;
import static io.procpool.ipc.memory.BlockLayout.MAGIC_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.SIZE_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.VERSION;
import static io.procpool.ipc.memory.BlockLayout.VERSION_OFFSET;

import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.SessionDirectory;
import io.procpool.shared.OutOfSharedMemoryException;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** An open file of the session, and locks on bytes of it that go with the process. Safe for use by multiple threads. */
final class MappedFile implements AutoCloseable {
  /*
   * Locks.      The system drops all locks that a process has on a file when the process closes any descriptor of it. So a
   *             file is opened once and stays open as long as a lock is held, and nothing may close the channel.
   * Interrupts. An interrupt closes a channel that a thread is measuring or mapping. That is done before the first lock, and
   *             begins again with a new channel; `tryLock` and `release` take no notice of interrupts.
   */
  private static final int ZEROS_BYTES = 1 << 20;
  private static final int AWAIT_ROOM_ROUNDS = 50;
  private static final long AWAIT_ROOM_MILLIS = 10;

  private final File path;
  private FileChannel channel;

  private MappedFile(File path) throws IOException {
    this.path = path;
    this.channel = openChannel(path);
  }

  /** Opens a file that must be there: it may be deleted at any moment, and must not be made anew then. */
  private static FileChannel openChannel(File path) throws IOException {
    try {
      return FileChannel.open(path.toPath(), StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (NoSuchFileException e) {
      throw new IOException("there is no file " + path, e);
    }
  }

  /**
   * Makes a file of zeros under a name that is not in use, with a header. Its room is really reserved.
   *
   * @param what for the message when there is no room
   */
  static void create(File path, int magic, long bytes, String what) {
    File unfinished = new File(path.getPath() + ".new");
    try {
      checkRoom(path, bytes, what);
      try (RandomAccessFile file = new RandomAccessFile(unfinished, "rw")) {
        file.setLength(0); // somebody may have died here
        byte[] zeros = new byte[(int) Math.min(ZEROS_BYTES, bytes)];
        for (long left = bytes; left > 0; left -= zeros.length) {
          file.write(zeros, 0, (int) Math.min(zeros.length, left));
        }
        ByteBuffer header = ByteBuffer.allocate(FILE_HEADER_BYTES).order(ByteOrder.nativeOrder());
        header
            .putInt(MAGIC_OFFSET, magic)
            .putInt(VERSION_OFFSET, VERSION)
            .putLong(SIZE_OFFSET, bytes);
        file.seek(0);
        file.write(header.array());
      }
      FaultPoint.reached("file.written");
      if (path.exists() || !unfinished.renameTo(path)) {
        throw new IOException("the file " + path + " cannot be made");
      }
    } catch (IOException e) {
      unfinished.delete();
      throw noRoom(path, bytes, what, e);
    }
  }

  /** What was closed a moment ago is given back when its memory has been collected. */
  private static void checkRoom(File path, long bytes, String what) throws IOException {
    File directory = path.getParentFile();
    for (int round = 0; directory.getUsableSpace() < bytes; round++) {
      if (round == AWAIT_ROOM_ROUNDS) {
        throw noRoom(path, bytes, what, null);
      }
      if (round == 0) {
        System.gc();
      }
      try {
        Thread.sleep(AWAIT_ROOM_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw noRoom(path, bytes, what, e);
      }
    }
  }

  private static OutOfSharedMemoryException noRoom(
      File path, long bytes, String what, @Nullable Throwable cause) {
    File directory = path.getParentFile();
    long available = directory.isDirectory() ? directory.getUsableSpace() : -1;
    return new OutOfSharedMemoryException(
        "no room for " + what + ", which takes " + bytes + " bytes in " + directory + ": "
            + (available < 0
                ? "the directory is gone; has the session's root process ended?"
                : available + " bytes are available there"
                    + (cause == null ? "" : " (" + cause.getMessage() + ")")
                    + "; make it smaller, close what is no longer needed, or name another place with"
                    + " -D" + SessionDirectory.DIRECTORY_PROPERTY + "=PATH"),
        bytes,
        available,
        cause);
  }

  /**
   * Opens a file and checks that it is one of this version.
   *
   * @throws IOException if it is not
   */
  static MappedFile open(File path, int magic) throws IOException {
    MappedFile opened = new MappedFile(path);
    try {
      opened.check(magic);
      return opened;
    } catch (IOException e) {
      opened.close();
      throw e;
    }
  }

  private void check(int magic) throws IOException {
    long length = length();
    if (length < FILE_HEADER_BYTES) {
      throw new IOException("the file " + path + " has " + length
          + " bytes; it is not one of procpool's, or was truncated");
    }
    ByteBuffer header = map(0, FILE_HEADER_BYTES);
    if (header.getInt(MAGIC_OFFSET) != magic) {
      throw new IOException("the file " + path + " is not what was expected: it begins with "
          + Integer.toHexString(header.getInt(MAGIC_OFFSET)) + " (expected: "
          + Integer.toHexString(magic) + ")");
    }
    if (header.getInt(VERSION_OFFSET) != VERSION) {
      throw new IOException("the file " + path + " has version " + header.getInt(VERSION_OFFSET)
          + "; this procpool reads version " + VERSION);
    }
    if (header.getLong(SIZE_OFFSET) != length) {
      throw new IOException("the file " + path + " has " + length + " bytes (expected: "
          + header.getLong(SIZE_OFFSET) + "); it was truncated");
    }
  }

  long length() throws IOException {
    return uninterrupted(FileChannel::size);
  }

  /** Maps some bytes; before the first lock. */
  ByteBuffer map(long start, long bytes) throws IOException {
    return uninterrupted(opened -> opened.map(FileChannel.MapMode.READ_WRITE, start, bytes))
        .order(ByteOrder.nativeOrder());
  }

  private interface Operation<T> {
    T on(FileChannel channel) throws IOException;
  }

  private <T> T uninterrupted(Operation<T> operation) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return operation.on(channel);
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
          channel = openChannel(path);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Locks a byte, which need not exist, if no other process, or other lock of this one, is in the way. */
  @Nullable
  FileLock tryLock(long at, boolean shared) throws IOException {
    try {
      return channel.tryLock(at, 1, shared);
    } catch (OverlappingFileLockException ofThisProcess) {
      return null;
    }
  }

  /** Removes the file's name; what is open and mapped stays. */
  void delete() {
    path.delete();
  }

  /** Closes the file, and with it drops all locks that this process has on it. What was mapped stays mapped. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing was written through it.
    }
  }

  @Override
  public String toString() {
    return path.getPath();
  }
}
