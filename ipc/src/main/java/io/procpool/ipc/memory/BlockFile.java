// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static io.procpool.ipc.memory.BlockLayout.BLOCK_HEADER_BYTES;
import static io.procpool.ipc.memory.BlockLayout.DELETED;
import static io.procpool.ipc.memory.BlockLayout.FILE_HEADER_BYTES;
import static io.procpool.ipc.memory.BlockLayout.FILE_MAGIC;

import io.procpool.spi.SharedBlock;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.file.Files;

/** The file of one large block, as this process sees it. Guarded by its owner. */
final class BlockFile implements Block.Holding {
  /*
   * Holding. A process that uses the block has a shared lock on the first byte. Who gets that lock for itself knows that
   *          nobody uses the block. Deleting it removes the file's name; the memory goes with the last mapping, when that is
   *          collected or its process ends.
   * Handles. All handles of this process share the open file, because closing one descriptor would drop the locks of all.
   */
  private static final int DATA_OFFSET = 2 * FILE_HEADER_BYTES; // a cache line begins there

  private final Owner owner;
  private File path;
  private final MappedFile file;
  private final FileLock lock;
  private final ByteBuffer header;
  private final ByteBuffer[] parts;
  private int handles;

  /** Who knows the files that this process has open, and guards them. */
  interface Owner {
    /** One handle has gone; {@code closed} tells whether it was closed. */
    void release(BlockFile file, boolean closed);
  }

  private BlockFile(Owner owner, File path, MappedFile file, long room) throws IOException {
    this.owner = owner;
    this.path = path;
    this.file = file;
    this.header = file.map(FILE_HEADER_BYTES, BLOCK_HEADER_BYTES);
    long partBytes = 1L << SharedBlock.PART_BITS;
    this.parts = new ByteBuffer[(int) ((room + partBytes - 1) >>> SharedBlock.PART_BITS)];
    for (int i = 0; i < parts.length; i++) {
      long start = i * partBytes;
      parts[i] = file.map(DATA_OFFSET + start, Math.min(partBytes, room - start));
    }
    FileLock shared = file.tryLock(0, true);
    if (shared == null) {
      throw new IOException("the file " + path + " is being removed");
    }
    this.lock = shared;
  }

  /** Makes a file with room for a block; who opens it first makes the block. */
  static void create(File path, long bytes, String what) {
    MappedFile.create(path, FILE_MAGIC, DATA_OFFSET + SharedBlock.room(bytes), what);
  }

  /**
   * Opens the file of a block, or for one, and holds it.
   *
   * @throws IOException if it is not there, or not one of this version
   */
  static BlockFile open(Owner owner, File path) throws IOException {
    MappedFile file = MappedFile.open(path, FILE_MAGIC);
    try {
      long room = file.length() - DATA_OFFSET;
      if (room < SharedBlock.room(0)) {
        throw new IOException(
            "the file " + path + " has " + file.length() + " bytes, less than the smallest block");
      }
      return new BlockFile(owner, path, file, room);
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Gives the file another name, which must not be in use.
   *
   * @throws java.nio.file.FileAlreadyExistsException if it is
   */
  void rename(File to) throws IOException {
    Files.createLink(to.toPath(), path.toPath());
    path.delete();
    path = to;
  }

  String name() {
    return path.getName();
  }

  File directory() {
    return path.getParentFile();
  }

  Block newHandle(BlockName name, boolean maker) {
    handles++;
    return new Block(name, this, parts, maker);
  }

  /** Ends the use by one handle; tells whether it was the last one. */
  boolean dropHandle() {
    return --handles == 0;
  }

  /** Ends the use by this process. */
  void close(boolean closed) {
    if (closed && BlockHeader.state(header) != DELETED) {
      try {
        lock.release();
        if (file.tryLock(0, false) != null) {
          delete();
        }
      } catch (IOException e) {
        // Then it goes with the session.
      }
    }
    file.close();
  }

  ByteBuffer header() {
    return header;
  }

  @Override
  public void delete() {
    BlockHeader.delete(header);
    path.delete();
  }

  @Override
  public BlockFiles files() {
    throw new IllegalStateException("no files belong to a block that has one of its own");
  }

  @Override
  public void pin() {
    // Its memory becomes nobody else's, and stays mapped as long as somebody refers to a part.
  }

  @Override
  public void release(boolean closed) {
    owner.release(this, closed);
  }
}
