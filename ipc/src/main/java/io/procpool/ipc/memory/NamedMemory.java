// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static io.procpool.ipc.memory.BlockLayout.FILE_MAGIC;
import static io.procpool.ipc.memory.BlockLayout.LIVE;

import io.procpool.ipc.SessionDirectory;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Blocks with names, which belong to no session: any process of the same user can open them. Safe for use by multiple threads
 * and processes.
 */
final class NamedMemory implements BlockFile.Owner {
  /*
   * Life.    A block is there as long as a process has it open. Who closes it last removes it; what the last one could not
   *          remove, because it was killed, is removed when somebody makes another one.
   * Making.  A file gets its name when it is whole and held, by a link, which fails if the name is in use. So a file
   *          with a name that nobody holds is one that was left.
   * Place.   A directory of the user's own, 0700. It goes with the last file.
   */
  static final NamedMemory INSTANCE = new NamedMemory();

  private static final int MAX_NAME = 100;
  private static final String UNNAMED = ".new-";
  private static final long UNFINISHED_MILLIS = 600_000;
  private static final int TRIES = 20;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");

  private final Map<String, BlockFile> files = new HashMap<>(); // guarded by this

  private NamedMemory() {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(this::letGoOfAll, "procpool-named-exit"));
    } catch (IllegalStateException exiting) {
      // Then others remove what this process has made.
    }
  }

  private synchronized void letGoOfAll() {
    for (BlockFile file : files.values()) {
      file.close(true);
      file.directory().delete();
    }
    files.clear();
  }

  static void checkName(String name) {
    if (name.length() > MAX_NAME || !name.matches("[A-Za-z0-9_][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException("name: \"" + name + "\" (expected: 1 to " + MAX_NAME
          + " letters, digits, or _ . - after the first)");
    }
  }

  /**
   * Makes a block.
   *
   * @throws IllegalStateException if the name is in use
   */
  synchronized Block create(String name, long bytes) {
    checkName(name);
    NamedHandle handle = new NamedHandle(name, RANDOM.nextLong(), bytes);
    try {
      return create(handle);
    } catch (IOException e) {
      throw new IllegalStateException(handle.describe() + " cannot be made: " + e.getMessage(), e);
    }
  }

  private Block create(NamedHandle handle) throws IOException {
    for (int tries = 1; ; tries++) {
      File directory = directory();
      try {
        sweep(directory);
        return createIn(directory, handle);
      } catch (IOException e) {
        if (tries == TRIES || directory.exists()) {
          throw e;
        } // else somebody has just let go of the last file
      } finally {
        directory.delete(); // if there is none
      }
    }
  }

  private Block createIn(File directory, NamedHandle handle) throws IOException {
    String name = handle.name();
    File path = new File(directory, name);
    if (path.exists()) {
      throw inUse(name);
    }
    BlockFile file = unnamed(directory, handle);
    try {
      file.rename(path);
    } catch (FileAlreadyExistsException e) {
      file.close(true);
      throw inUse(name);
    }
    files.put(name, file);
    return file.newHandle(handle, false);
  }

  private static IllegalStateException inUse(String name) {
    return new IllegalStateException(
        "a shared memory named \"" + name + "\" is in use; open it, or choose another name");
  }

  private BlockFile unnamed(File directory, NamedHandle handle) throws IOException {
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    File path = new File(directory, UNNAMED + HexFormat.of().formatHex(random));
    BlockFile.create(path, handle.bytes(), handle.describe());
    BlockFile file = BlockFile.open(this, path);
    BlockHeader.write(file.header(), handle);
    return file;
  }

  /**
   * Opens a block.
   *
   * @throws IllegalStateException if there is none of that name
   */
  synchronized Block open(String name) {
    checkName(name);
    BlockFile file = file(name);
    if (file == null) {
      throw new IllegalStateException("there is no shared memory named \"" + name
          + "\"; it goes when the last process that has it open closes it or ends");
    }
    return file.newHandle(
        new NamedHandle(
            name, BlockHeader.generation(file.header()), BlockHeader.bytes(file.header())),
        false);
  }

  /**
   * Opens the block that a handle names.
   *
   * @throws IllegalStateException if it is gone
   */
  synchronized Block open(NamedHandle handle) {
    BlockFile file = file(handle.name());
    if (file == null) {
      throw BlockHeader.deleted(handle);
    }
    Block made = file.newHandle(handle, false);
    try {
      BlockHeader.check(file.header(), handle);
    } catch (IllegalStateException another) {
      made.close();
      throw another;
    }
    return made;
  }

  private @Nullable BlockFile file(String name) {
    BlockFile known = files.get(name);
    if (known != null) {
      return known;
    }
    try {
      if (!Files.exists(place())) {
        return null;
      }
      File path = new File(directory(), name);
      if (!path.isFile()) {
        path.getParentFile().delete(); // if it was made just now
        return null;
      }
      BlockFile file = BlockFile.open(this, path);
      if (BlockHeader.state(file.header()) != LIVE) {
        file.close(false); // removed in the meantime
        return null;
      }
      files.put(name, file);
      return file;
    } catch (IOException e) {
      throw new IllegalStateException(
          "the shared memory named \"" + name + "\" cannot be opened: " + e.getMessage(), e);
    }
  }

  @Override
  public synchronized void release(BlockFile file, boolean closed) {
    if (file.dropHandle()) {
      files.remove(file.name());
      file.close(true); // whoever lets go last, by whatever way
      file.directory().delete(); // if that was the last file
    }
  }

  /** Removes what killed processes have left. */
  private void sweep(File directory) {
    File[] found = directory.listFiles();
    if (found == null) {
      return;
    }
    for (File path : found) {
      boolean unfinished = path.getName().startsWith(UNNAMED);
      boolean recent = System.currentTimeMillis() - path.lastModified() < UNFINISHED_MILLIS;
      if (!files.containsKey(path.getName()) && !(unfinished && recent)) {
        deleteIfLeft(path);
      }
    }
  }

  private static void deleteIfLeft(File path) {
    try (MappedFile file = MappedFile.open(path, FILE_MAGIC)) {
      FileLock alone = file.tryLock(0, false);
      if (alone != null) {
        path.delete();
      }
    } catch (IOException foreignOrGone) {
      // Not procpool's business.
    }
  }

  private static Path place() throws IOException {
    return SessionDirectory.place()
        .resolve("procpool-named-" + System.getProperty("user.name").replaceAll("\\W", "_"));
  }

  private static File directory() throws IOException {
    Path directory = place();
    boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
    for (int i = 0; i < TRIES; i++) {
      try {
        if (posix) {
          Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
        } else {
          Files.createDirectory(directory);
        }
      } catch (FileAlreadyExistsException there) {
        // As it should be after the first.
      }
      if (SessionDirectory.isDirectoryOfSameOwner(
              directory, Path.of(Session.current().path()))
          && (!posix || Files.getPosixFilePermissions(directory).equals(PRIVATE))) {
        return directory.toFile();
      }
    }
    throw new IOException("the directory " + directory
        + " belongs to somebody else or is open to others; remove it, or name another place with -D"
        + SessionDirectory.DIRECTORY_PROPERTY + "=PATH");
  }
}
