// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static io.procpool.ipc.memory.BlockLayout.FILES_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.FILE_HEADER_BYTES;
import static io.procpool.ipc.memory.BlockLayout.SEGMENT_MAGIC;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Files that belong to a small block and have numbers. Nobody holds them: they go when the block is given back, at the latest. What may
 * be done with them when is the business of who uses the block, under its locks.
 */
public final class BlockFiles {
  private static final String PREFIX = "segment-";
  private static final @Nullable Method CLEANER = findCleaner();
  private static final @Nullable Object UNSAFE = findUnsafe();

  private final File directory;
  private final String prefix;
  private final ByteBuffer header;
  private final String series;

  BlockFiles(File directory, String arena, int cell, ByteBuffer header) {
    this.directory = directory;
    this.header = header;
    this.prefix = PREFIX + arena.substring(arena.indexOf('-') + 1) + "-" + cell + "-"
        + BlockHeader.generation(header) + "-";
    this.series = prefix;
  }

  private BlockFiles(BlockFiles all, int series) {
    this.directory = all.directory;
    this.header = all.header;
    this.prefix = all.prefix;
    this.series = prefix + series + "-";
  }

  /** Returns those files of the block that are numbered for themselves. */
  public BlockFiles series(int number) {
    return new BlockFiles(this, number);
  }

  private File path(int number) {
    return new File(directory, series + number);
  }

  /**
   * Makes a file of zeros, in the place of one that has been left with this number.
   *
   * @param bytes without the file's header
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  public void create(int number, long bytes, String what) {
    header.putInt(FILES_OFFSET, 1);
    File path = path(number);
    path.delete();
    MappedFile.create(path, SEGMENT_MAGIC, FILE_HEADER_BYTES + bytes, what);
  }

  /**
   * Maps a file, without its header. The caller may {@linkplain #unmap unmap} it when no thread can use it any more.
   *
   * @throws IllegalStateException if it is not there, or not one of this version
   */
  public ByteBuffer map(int number) {
    try (MappedFile file = MappedFile.open(path(number), SEGMENT_MAGIC)) {
      return file.map(FILE_HEADER_BYTES, file.length() - FILE_HEADER_BYTES);
    } catch (IOException e) {
      throw new IllegalStateException("shared memory is gone or unusable: " + e.getMessage(), e);
    }
  }

  /** Removes a file's name, if it is there; what is mapped of it stays. */
  public void delete(int number) {
    path(number).delete();
  }

  /** Removes all files of the block, if it has had any. */
  void deleteAll() {
    if (header.getInt(FILES_OFFSET) != 0) {
      String[] names = directory.list((place, name) -> name.startsWith(prefix));
      for (String name : names == null ? new String[0] : names) {
        new File(directory, name).delete();
      }
    }
  }

  /** Gives the memory of a mapped file back at once if this JVM can do that, else when it is collected. */
  public static void unmap(ByteBuffer mapped) {
    if (CLEANER != null && UNSAFE != null) {
      try {
        CLEANER.invoke(UNSAFE, mapped);
      } catch (IllegalAccessException | InvocationTargetException e) {
        // Then it is done by the collector.
      }
    }
  }

  private static @Nullable Method findCleaner() {
    try {
      return Class.forName("sun.misc.Unsafe").getMethod("invokeCleaner", ByteBuffer.class);
    } catch (ReflectiveOperationException notHere) {
      return null;
    }
  }

  private static @Nullable Object findUnsafe() {
    try {
      var field = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
      field.setAccessible(true);
      return field.get(null);
    } catch (ReflectiveOperationException | RuntimeException notHere) {
      return null;
    }
  }
}
