// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import io.procpool.ipc.SessionDirectory;
import io.procpool.spi.SharedBlock;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The processes that share memory: one root, and what it has started, directly or not. There is one in each process; the
 * root makes it when it is first asked for, the others are told by who starts them. All memory is in one directory, which goes
 * when the root ends. Safe for use by multiple threads.
 */
public final class Session implements BlockFile.Owner {
  private static final List<Runnable> BEFORE_END = new CopyOnWriteArrayList<>();

  private static @Nullable Session current; // guarded by the class
  private static boolean isRoot; // has made the directory; guarded by the class

  private final File directory;
  private final Map<String, Arena> arenas = new HashMap<>(); // guarded by this
  private final Map<String, BlockFile> files = new HashMap<>(); // guarded by this
  private @Nullable Arena lastUsed; // guarded by this
  private @Nullable ProcessTable processes; // guarded by this

  private Session(File directory) {
    this.directory = directory;
  }

  /**
   * Returns the session of this process; makes it if there is none, and this process its root.
   *
   * @throws UncheckedIOException if it cannot be made
   */
  public static synchronized Session current() {
    Session known = current;
    if (known == null) {
      known = new Session(makeDirectory());
      current = known;
    }
    return known;
  }

  private static File makeDirectory() {
    try {
      SessionDirectory made = SessionDirectory.create();
      try {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(made), "procpool-session-exit"));
        isRoot = true;
      } catch (IllegalStateException exiting) {
        made.close();
        throw new IllegalStateException(
            "no memory can be shared any more: this JVM is shutting down", exiting);
      }
      return made.path().toFile();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "no session can be made for shared memory: " + e.getMessage(), e);
    }
  }

  private static void end(SessionDirectory made) {
    try {
      for (Runnable step : BEFORE_END) {
        step.run();
      }
    } finally {
      made.close();
    }
  }

  /**
   * Has something done when this JVM shuts down; in the root before the directory goes.
   *
   * @throws IllegalStateException if it is shutting down
   */
  public static synchronized void beforeEnd(Runnable step) {
    current();
    Thread hook = new Thread(step, "procpool-exit");
    Runtime.getRuntime().addShutdownHook(hook); // refused if it is too late
    if (isRoot) {
      Runtime.getRuntime().removeShutdownHook(hook);
      BEFORE_END.add(step);
    }
  }

  /** Tells a process to which session it belongs, if to any; before anything is shared. To say the same once more does no harm. */
  public static synchronized void join(String directory) {
    if (!directory.isEmpty() && !isCurrent(new File(directory))) {
      if (current != null) {
        throw new IllegalStateException("this process has the session " + current.directory);
      }
      current = new Session(new File(directory));
    }
  }

  /** Tells whether a directory is that of the session of this process. */
  public static synchronized boolean isCurrent(File directory) {
    return current != null && current.directory.equals(directory);
  }

  /** Removes what a root that is gone has left; in a process that has joined its session. */
  public static synchronized void deleteIfAbandoned() {
    if (current != null) {
      SessionDirectory.deleteIfAbandoned(current.directory);
    }
  }

  /** Returns where the session is. */
  public String path() {
    return directory.getPath();
  }

  /** Returns the processes of the session that have locks; makes this one of them. */
  public synchronized ProcessTable processes() {
    ProcessTable known = processes;
    if (known == null) {
      known = ProcessTable.join(directory);
      processes = known;
    }
    return known;
  }

  SharedBlock allocate(String kind, long bytes) {
    return bytes <= Arena.LARGEST_BYTES ? allocateSmall(kind, bytes) : allocateFile(kind, bytes);
  }

  private synchronized Block allocateSmall(String kind, long bytes) {
    Block made = lastUsed == null ? null : lastUsed.allocate(kind, bytes);
    if (made != null) {
      return made;
    }
    new ArrayList<>(arenas.values()).stream().filter(Arena::isRetired).forEach(this::forget);
    while (true) {
      String[] names = directory.list((place, name) -> BlockHandle.isArena(name));
      for (String name : names == null ? new String[0] : names) {
        if (arenas.containsKey(name) || new File(directory, name).isFile()) {
          made = allocateIn(name, kind, bytes);
          if (made != null) {
            return made;
          }
        }
      }
      Arena.create(directory, BlockHandle.newArena()); // found in the next round, by others too
    }
  }

  /**
   * Gives the memory of small blocks back that the killed have left: those of a kind that nobody holds and nobody ever will.
   *
   * @param isAbandoned tells from its memory, without header, whether nobody will get hold of a block that nobody holds
   */
  public synchronized void giveBackAbandoned(String kind, Predicate<ByteBuffer> isAbandoned) {
    String[] names = directory.list((place, name) -> BlockHandle.isArena(name));
    for (String name : names == null ? new String[0] : names) {
      try {
        Arena arena = arena(name);
        arena.giveBackAbandoned(kind, isAbandoned);
        retireIfEmpty(arena);
      } catch (IllegalStateException gone) {
        if (new File(directory, name).isFile()) {
          throw gone;
        }
      }
    }
  }

  /** Makes a block in an arena; null if there is no room, or the arena was deleted a moment ago. */
  private @Nullable Block allocateIn(String name, String kind, long bytes) {
    try {
      Arena arena = arena(name);
      lastUsed = arena;
      return arena.allocate(kind, bytes);
    } catch (IllegalStateException gone) {
      if (new File(directory, name).isFile()) {
        throw gone;
      }
      return null;
    }
  }

  private Block allocateFile(String kind, long bytes) {
    BlockHandle handle = BlockHandle.ofFile(directory.getName(), kind, bytes);
    BlockFile.create(
        new File(directory, handle.file()), bytes, handle.describe()); // takes its time
    synchronized (this) {
      BlockFile file = file(handle);
      BlockHeader.write(file.header(), handle);
      return file.newHandle(handle, true);
    }
  }

  /**
   * Gets hold of the block that a handle names.
   *
   * @throws IllegalStateException if it is gone, or of another session
   */
  synchronized Block attach(BlockHandle handle) {
    if (!handle.session().equals(directory.getName())) {
      throw new IllegalStateException(handle.describe() + " belongs to the session "
          + handle.session() + "; this process is in " + directory.getName());
    }
    if (handle.cell() >= 0) {
      return arena(handle.file()).attach(handle);
    }
    BlockFile file = file(handle);
    Block made = file.newHandle(handle, false);
    try {
      BlockHeader.check(file.header(), handle);
    } catch (IllegalStateException gone) {
      made.close();
      throw gone;
    }
    return made;
  }

  private Arena arena(String name) {
    Arena known = arenas.get(name);
    if (known == null) {
      try {
        known = Arena.open(directory, name, this::retireIfEmpty);
      } catch (IOException e) {
        throw new IllegalStateException("shared memory is gone or unusable: " + e.getMessage(), e);
      }
      arenas.put(name, known);
    }
    return known;
  }

  /** Gives the memory of an arena back if there is nothing in it, and it is not needed soon. */
  private synchronized void retireIfEmpty(Arena arena) {
    boolean another = false;
    boolean known = false;
    for (Arena each : arenas.values()) {
      known |= each == arena;
      another |= each != arena && each.hasMuchRoom();
    }
    if (known && another && arena.retireIfEmpty()) {
      forget(arena);
    }
  }

  private void forget(Arena retired) {
    if (arenas.values().remove(retired)) {
      lastUsed = lastUsed == retired ? null : lastUsed;
      retired.close();
    }
  }

  private BlockFile file(BlockHandle handle) {
    BlockFile known = files.get(handle.file());
    if (known == null) {
      File path = new File(directory, handle.file());
      if (!path.isFile()) {
        throw BlockHeader.deleted(handle);
      }
      try {
        known = BlockFile.open(this, path);
      } catch (IOException e) {
        throw new IllegalStateException(
            handle.describe() + " is gone or unusable: " + e.getMessage(), e);
      }
      files.put(handle.file(), known);
    }
    return known;
  }

  @Override
  public synchronized void release(BlockFile file, boolean closed) {
    if (file.dropHandle()) {
      files.remove(file.name());
      file.close(closed);
    }
  }
}
