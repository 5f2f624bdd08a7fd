// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The private directory of one session: sockets, segments, argument files. It lies in shared memory where there is some, else
 * in the temp directory, can be entered by its owner only, and is held by a lock on a file in it as long as its process
 * lives. A directory whose lock nobody holds was left by a killed process and is removed by the next session of the same user;
 * nothing else is touched that lies in the same place. Safe for use by multiple threads.
 */
public final class SessionDirectory implements AutoCloseable {
  /**
   * Names the place of sessions, in a file system in memory if possible: {@code -Dprocpool.directory=PATH}. Without it that is
   * {@code /dev/shm} if it is there and may be written to, else the temp directory.
   */
  public static final String DIRECTORY_PROPERTY = "procpool.directory";

  private static final String PREFIX = "procpool-";
  private static final int RANDOM_BYTES = 8;
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
    return create(place());
  }

  /**
   * As {@link #create()}, in a place that is not the usual one.
   *
   * @throws IOException if it cannot be made
   */
  public static SessionDirectory create(Path base) throws IOException {
    byte[] random = new byte[RANDOM_BYTES];
    RANDOM.nextBytes(random);
    StringBuilder name = new StringBuilder(PREFIX);
    for (byte b : random) {
      name.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
    }
    Path path = base.resolve(name.toString());
    changeOwn(name.toString(), true);
    boolean made = false;
    try {
      SessionDirectory session = make(base, path);
      made = true;
      return session;
    } finally {
      if (!made) {
        delete(path.toFile());
        changeOwn(name.toString(), false);
      }
    }
  }

  private static SessionDirectory make(Path base, Path path) throws IOException {
    if (base.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectory(path);
    }
    sweep(base, path); // before anything is written, for which there may be no room otherwise
    RandomAccessFile lockFile = new RandomAccessFile(path.resolve(LOCK_FILE).toFile(), "rw");
    boolean locked = false;
    try {
      if (lockFile.getChannel().tryLock() == null) {
        throw new IOException("the session directory " + path + " is locked by another process");
      }
      lockFile.write('1');
      locked = true;
      return new SessionDirectory(path, lockFile);
    } finally {
      if (!locked) {
        lockFile.close();
      }
    }
  }

  /**
   * Returns the place of sessions.
   *
   * @throws IOException if what {@value #DIRECTORY_PROPERTY} says is none
   */
  public static Path place() throws IOException {
    String chosen = System.getProperty(DIRECTORY_PROPERTY);
    if (chosen != null) {
      File directory = new File(chosen);
      if (!directory.isDirectory() || !directory.canWrite()) {
        throw new IOException("-D" + DIRECTORY_PROPERTY + "=" + chosen
            + " (expected: a directory that this user may write to)");
      }
      return directory.toPath();
    }
    File memory = new File("/dev/shm");
    return memory.isDirectory() && memory.canWrite()
        ? memory.toPath()
        : Path.of(System.getProperty("java.io.tmpdir"));
  }

  /**
   * Returns the directories of sessions of this user whose process lives, but for those of this process.
   *
   * @throws IOException if there is no place for sessions
   */
  public static List<File> others() throws IOException {
    List<File> others = new ArrayList<>();
    for (File directory : named(place())) {
      File lock = new File(directory, LOCK_FILE);
      if (!isOwn(directory.getName())
          && isDirectoryOfThisUser(directory.toPath())
          && lock.length() > 0
          && !isAbandoned(lock)) {
        others.add(directory);
      }
    }
    return others;
  }

  private static boolean isDirectoryOfThisUser(Path directory) {
    try {
      return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
          && Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS)
              .getName()
              .equals(System.getProperty("user.name"));
    } catch (IOException | UnsupportedOperationException unknown) {
      return false;
    }
  }

  private static File[] named(Path base) {
    File[] found = base.toFile().listFiles((dir, name) -> isName(name));
    return found == null ? new File[0] : found;
  }

  private static void sweep(Path base, Path ours) {
    for (File directory : named(base)) {
      File lock = new File(directory, LOCK_FILE);
      if (!isOwn(directory.getName())
          && isDirectoryOfSameOwner(directory.toPath(), ours)
          && (isAbandoned(lock) || isUnfinished(directory, lock))) {
        delete(directory);
      }
    }
  }

  private static boolean isName(String name) {
    if (!name.startsWith(PREFIX) || name.length() != PREFIX.length() + 2 * RANDOM_BYTES) {
      return false;
    }
    for (int i = PREFIX.length(); i < name.length(); i++) {
      char c = name.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  /** Tells whether this is a directory, not a link to one, and belongs to whom a file belongs that this process has made. */
  public static boolean isDirectoryOfSameOwner(Path directory, Path ours) {
    try {
      return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
          && Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(ours));
    } catch (IOException | UnsupportedOperationException unknown) {
      return false;
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

  /**
   * Removes the directory of a session whose process is gone, in a process that did not make it.
   *
   * @return true if the directory is not there any more
   */
  public static boolean deleteIfAbandoned(File directory) {
    if (isAbandoned(new File(directory, LOCK_FILE))) {
      delete(directory);
    }
    return !directory.exists();
  }

  /** Removes a directory with everything in it, as far as possible. Of a symbolic link only the link itself goes. */
  public static void delete(File directory) {
    File[] files = Files.isSymbolicLink(directory.toPath()) ? null : directory.listFiles();
    if (files != null) {
      for (File file : files) {
        delete(file);
      }
    }
    directory.delete();
  }
}
