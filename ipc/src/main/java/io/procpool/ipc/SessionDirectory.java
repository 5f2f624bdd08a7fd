// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The private directory of one session: sockets, segments, argument files. It lies in shared memory where there is some, else
 * in the temp directory, can be entered by its owner only, and is held by a lock on a file in it as long as its process
 * lives. A directory whose lock nobody holds was left by a killed process and is removed by the next session. Safe for use by
 * multiple threads.
 */
public final class SessionDirectory implements AutoCloseable {
  private static final String PREFIX = "procpool-";
  private static final String LOCK_FILE = "lock";
  private static final String OWN_SESSIONS = "io.procpool.sessions";
  private static final long UNFINISHED_MILLIS = 600_000;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path path;
  private final RandomAccessFile lockFile;

  private SessionDirectory(Path path, RandomAccessFile lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /**
   * Makes a directory and removes those that killed processes have left.
   *
   * @throws IOException if it cannot be made; the message names the place
   */
  public static SessionDirectory create() throws IOException {
    Path base = base();
    sweep(base);
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    StringBuilder name = new StringBuilder(PREFIX);
    for (byte b : random) {
      name.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
    }
    Path path = base.resolve(name.toString());
    changeOwn(name.toString(), true);
    if (base.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectory(path);
    }
    RandomAccessFile lockFile = new RandomAccessFile(path.resolve(LOCK_FILE).toFile(), "rw");
    FileLock lock = lockFile.getChannel().tryLock();
    if (lock == null) {
      lockFile.close();
      throw new IOException("the session directory " + path + " is locked by another process");
    }
    lockFile.write('1');
    return new SessionDirectory(path, lockFile);
  }

  private static Path base() {
    File memory = new File("/dev/shm");
    return memory.isDirectory() && memory.canWrite()
        ? memory.toPath()
        : Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static void sweep(Path base) {
    File[] found = base.toFile().listFiles((dir, name) -> name.startsWith(PREFIX));
    if (found == null) {
      return;
    }
    for (File directory : found) {
      File lock = new File(directory, LOCK_FILE);
      if (!isOwn(directory.getName()) && (isAbandoned(lock) || isUnfinished(directory, lock))) {
        delete(directory);
      }
    }
  }

  // A directory is made before its lock is held; one that stays without for long was left by a
  // process killed in between.
  private static boolean isUnfinished(File directory, File lock) {
    return lock.length() == 0
        && System.currentTimeMillis() - directory.lastModified() > UNFINISHED_MILLIS;
  }

  /*
   * Closing any descriptor of a file drops all locks this process holds on it, so a process must not even open the lock
   * files of its own sessions. They are listed in a system property, because procpool may have been loaded by several class
   * loaders.
   */
  private static boolean isOwn(String name) {
    return System.getProperty(OWN_SESSIONS, "").contains(name);
  }

  private static void changeOwn(String name, boolean add) {
    Properties properties = System.getProperties();
    synchronized (properties) {
      String own = System.getProperty(OWN_SESSIONS, "");
      System.setProperty(OWN_SESSIONS, add ? own + name + ' ' : own.replace(name + ' ', ""));
    }
  }

  private static boolean isAbandoned(File lockFile) {
    if (lockFile.length() == 0) {
      return false;
    }
    try (RandomAccessFile opened = new RandomAccessFile(lockFile, "rw");
        @Nullable FileLock lock = opened.getChannel().tryLock()) {
      return lock != null;
    } catch (OverlappingFileLockException | IOException heldOrForeign) {
      return false;
    }
  }

  /** Returns the directory. */
  public Path path() {
    return path;
  }

  /** Removes the directory with everything in it. Closing twice has no effect. */
  @Override
  public void close() {
    delete(path.toFile());
    changeOwn(String.valueOf(path.getFileName()), false);
    try {
      lockFile.close();
    } catch (IOException e) {
      // The lock goes with the process at the latest, and the directory is gone.
    }
  }

  /** Removes a directory that belongs to a session, as far as possible; for a worker whose master is gone. */
  public static void delete(File directory) {
    File[] files = directory.listFiles();
    if (files != null) {
      for (File file : files) {
        if (file.isDirectory() && !Files.isSymbolicLink(file.toPath())) {
          delete(file);
        } else {
          file.delete();
        }
      }
    }
    directory.delete();
  }
}
