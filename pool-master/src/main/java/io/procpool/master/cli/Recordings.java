// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.PoolListener;
import io.procpool.PoolSnapshot;
import io.procpool.WorkerSnapshot;
import io.procpool.ipc.SessionDirectory;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The flight recordings of all workers of a run, each from the start of its JVM to its end, in a directory of the user's: {@code worker-3.jfr}. A worker that was killed has
 * what its recorder had written by then, which lacks a second at most. Safe for use by multiple threads.
 */
final class Recordings implements PoolListener, AutoCloseable {
  /*
   * Whole.  A JVM that exits writes its recording itself (dumponexit), into a directory beside the recordings; one that dies of a fault of its own writes to where it runs. It moves
   *         from there.
   * Killed. Then the chunks of the recorder are left, in the same directory. They are put together, without what is not whole.
   * Names.  JVMs know their pid only. Listeners are told which name belongs to it, but perhaps after the pool's end, so a snapshot that was taken before that counts, too. What has no
   *         name, as a spare that was never used, has run no input, and is dropped.
   * Failure. What cannot be kept is said at once. The run goes on.
   */
  private static final String RAW_PREFIX = ".recorders-";
  private static final String SUFFIX = ".jfr";
  private static final String REPOSITORY_FLAG = "-XX:FlightRecorderOptions";

  private final Console console;
  private final Path directory;
  private final Path raw;
  private final Map<Long, String> running = new HashMap<>(); // guarded by this
  private final List<String> lost = new ArrayList<>(); // guarded by this
  private boolean opened; // guarded by this
  private boolean made; // guarded by this
  private long openedMillis; // guarded by this
  private int kept; // guarded by this

  private Recordings(Console console, Path directory) {
    this.console = console;
    this.directory = directory;
    this.raw =
        directory.toAbsolutePath().resolve(RAW_PREFIX + ProcessHandle.current().pid());
  }

  /** Checks whether recordings can be made and kept in a directory, and creates nothing yet. */
  static Recordings in(Console console, String text, List<String> jvmArgs) throws CommandException {
    for (String arg : jvmArgs) {
      if (arg.startsWith(REPOSITORY_FLAG)) {
        throw CommandException.usage("--record: contradicts --jvm-arg=" + arg
            + ", because recorders keep their data where the recordings go; leave one of them out");
      }
    }
    Path directory;
    try {
      directory = Path.of(text);
    } catch (InvalidPathException e) {
      throw CommandException.usage(
          "--record: " + text + " is no path (" + e.getReason() + "); name a directory", e);
    }
    if (text.isBlank()) {
      throw CommandException.usage("--record: \"" + text + "\" names no directory; give its path");
    }
    if (directory.toAbsolutePath().toString().matches("(?s).*[\"\\p{Cntrl}].*")) {
      throw CommandException.usage("--record: \"" + text
          + "\" cannot be given to a JVM; name a directory without quotes and line breaks");
    }
    Path there = directory.toAbsolutePath().normalize();
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    if (!Files.isDirectory(there)) {
      throw refused(text, there + " is not a directory", null);
    }
    if (!Files.isWritable(there)) {
      throw refused(text, "permission denied", null);
    }
    refuseOld(directory, text);
    return new Recordings(console, directory);
  }

  private static void refuseOld(Path directory, String text) throws CommandException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> old = Files.newDirectoryStream(directory, "worker-*" + SUFFIX)) {
      for (Path file : old) {
        throw CommandException.usage("--record: " + text + " has recordings of an earlier run ("
            + file.getFileName() + "); remove them, or name another directory");
      }
    } catch (IOException e) {
      throw refused(text, why(e), e);
    }
  }

  private static CommandException refused(String text, String why, @Nullable Throwable cause) {
    String message = "--record: " + text + " cannot be written (" + why
        + "); name a directory that you can write to";
    return cause == null ? CommandException.usage(message) : CommandException.usage(message, cause);
  }

  private static String why(IOException e) {
    return e instanceof AccessDeniedException
        ? "permission denied"
        : e instanceof NoSuchFileException ? "it cannot be made there" : Texts.failure(e);
  }

  /** Returns the flags with which the workers' JVMs record. */
  List<String> jvmFlags() {
    return List.of(
        REPOSITORY_FLAG + "=repository=\"" + raw + "\"",
        "-XX:StartFlightRecording=name=pool-master,filename=\"" + raw
            + "\",dumponexit=true,maxsize=256m",
        "-Xlog:jfr+startup=error"); // what it says otherwise would be output of the job
  }

  /** Makes the directory; before any worker starts. */
  synchronized Recordings open() throws CommandException {
    try {
      made = !Files.exists(directory);
      Files.createDirectories(raw);
      opened = true;
      openedMillis = Files.getLastModifiedTime(raw).toMillis();
      return this;
    } catch (IOException e) {
      throw refused(directory.toString(), why(e), e);
    }
  }

  /** Notes the names of workers that run. */
  synchronized void note(PoolSnapshot snapshot) {
    for (WorkerSnapshot worker : snapshot.workers()) {
      if (worker.state() != WorkerSnapshot.State.STARTING) {
        running.put(worker.pid(), worker.name());
      }
    }
  }

  @Override
  public synchronized void workerStarted(WorkerEvent worker) {
    running.put(worker.pid(), worker.worker());
  }

  @Override
  public synchronized void workerExited(WorkerEvent worker, int exitValue) {
    keep(worker.pid());
  }

  @Override
  public synchronized void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
    keep(worker.pid());
  }

  // under this
  private void keep(long pid) {
    String worker = opened ? running.remove(pid) : null;
    if (worker == null) {
      return;
    }
    try {
      if (keep(pid, directory.resolve(worker + SUFFIX))) {
        kept++;
      } else {
        lost.add(worker);
      }
    } catch (IOException e) {
      console.remark("--record: the recording of " + worker + " cannot be kept: " + Texts.failure(e)
          + "; make room in " + directory);
    }
  }

  // under this
  private boolean keep(long pid, Path target) throws IOException {
    boolean found = false;
    for (Path file : written(pid)) {
      if (!found && FlightChunks.isWhole(file)) {
        Files.move(file, target, StandardCopyOption.REPLACE_EXISTING);
        found = true;
      } else {
        Files.delete(file);
      }
    }
    for (Path repository : list(raw, "*_" + pid)) {
      List<Path> chunks = list(repository, "*" + SUFFIX);
      found = found || FlightChunks.assemble(chunks, target);
      SessionDirectory.delete(repository.toFile());
    }
    return found;
  }

  /** Returns what a JVM has written at its end: at an exit, or at a fault of its own. Under this. */
  private List<Path> written(long pid) throws IOException {
    List<Path> written = list(raw, "hotspot-pid-" + pid + "-*" + SUFFIX);
    Path atFault = Path.of("hs_err_pid" + pid + SUFFIX).toAbsolutePath();
    if (Files.exists(atFault) && Files.getLastModifiedTime(atFault).toMillis() >= openedMillis) {
      written.add(atFault);
    }
    return written;
  }

  private static List<Path> list(Path directory, String glob) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, glob)) {
      files.forEach(found::add);
    }
    found.sort(null);
    return found;
  }

  /** Keeps what has not been kept yet; the workers are gone. */
  @Override
  public synchronized void close() {
    if (opened) {
      List.copyOf(running.keySet()).forEach(this::keep);
      opened = false;
      SessionDirectory.delete(raw.toFile());
      if (made && kept == 0) {
        directory.toFile().delete(); // only if it is empty
      }
    }
  }

  /** Says where the recordings are, and which there are not. */
  synchronized String summary() {
    String names = String.join(", ", lost.subList(0, Math.min(5, lost.size())))
        + (lost.size() > 5 ? " and " + (lost.size() - 5) + " more" : "");
    String none = lost.isEmpty() ? "" : "; " + names + " ended before anything was written";
    return switch (kept) {
          case 0 -> "there is no flight recording";
          case 1 -> "the flight recording of 1 worker is in " + directory;
          default -> "the flight recordings of " + kept + " workers are in " + directory;
        }
        + none;
  }

  /** Returns how many there are. */
  synchronized int kept() {
    return kept;
  }

  Path directory() {
    return directory;
  }
}
