// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what a server has in a directory. Opened and loaded by who starts the server, then for the event loop alone. */
final class Store {
  /*
   * Order.    What a call has changed is appended before the reply is sent, and every message to a client waits until all that was appended before it is written: so
   *           nobody is told, or sees, what a crash could take back. All that comes together in one go of the event loop is one write.
   * Writing.  Without sync in the event loop, because a write into the system's memory takes microseconds; with sync on a thread of its own. One write at a
   *           time; what comes meanwhile is the next one.
   * Failure.  What could not be written stays in `next` and is tried again; the calls concerned are told, changes are refused until it
   *           works, and reading goes on.
   * Renewal.  When the journal is long, a new file is begun, into which all that is appended goes from then on, and the state of each object at
   *           its turn. When all have theirs, the earlier files are deleted. Until then all files are read, in order.
   */
  static final StoreFile.Disk DISK = FileChannel::write;
  static final long RENEWED_BYTES = 64L << 20;

  private static final Logger LOG = LoggerFactory.getLogger(Store.class);
  private static final String LOCK = "lock";

  /** Those that servers of this process have: the system drops a lock when any channel of its file is closed by its process. */
  private static final Set<Path> LOCKED_HERE = ConcurrentHashMap.newKeySet();

  private static final long RETRY_MILLIS = 200;

  private final Path directory;
  private final boolean sync;
  private final long renewedBytes;
  private final StoreFile.Disk disk;
  private final FileChannel lock;
  private final String server;
  private final Executor writer;
  private final List<Path> files; // from the oldest one; the last one is written

  private @Nullable StoreFile file; // of the writer, once the server runs
  private @Nullable EventExecutor loop;
  private Batch next = new Batch();
  private @Nullable Batch writing;
  private @Nullable IOException failure;
  private boolean scheduled;
  private boolean closed;
  private long appended;
  private long liveBytes;
  private @Nullable StoreRenewal renewal;
  private StoreRenewal.@Nullable Source source;

  /** What is written at once, and who waits for that. */
  private static final class Batch {
    final List<byte[]> records = new ArrayList<>();
    final List<Consumer<@Nullable IOException>> waiting = new ArrayList<>();
  }

  private Store(
      StoreOptions options,
      StoreFile.Disk disk,
      FileChannel lock,
      String server,
      List<Path> files) {
    this.directory = options.directory();
    this.sync = options.sync();
    this.renewedBytes = options.renewedBytes();
    this.disk = disk;
    this.lock = lock;
    this.server = server;
    this.files = new ArrayList<>(files);
    this.writer = sync
        ? Executors.newSingleThreadExecutor(task -> {
          Thread thread = new Thread(task, "manager-store");
          thread.setDaemon(true);
          return thread;
        })
        : Runnable::run;
  }

  /**
   * Opens a store, which is made if there is none.
   *
   * @param newServer the name of the server, if there is none yet
   * @throws IOException if another server uses it, or it is damaged; the message says where
   */
  static Store open(StoreOptions options, String newServer, StoreFile.Disk disk)
      throws IOException {
    Path directory = options.directory();
    makeDirectory(directory);
    FileChannel lock = lock(directory);
    boolean opened = false;
    try {
      TreeMap<Long, Path> generations = generations(directory);
      String server = generations.isEmpty()
          ? newServer
          : StoreFile.server(generations.lastEntry().getValue());
      Store store = new Store(options, disk, lock, server, List.copyOf(generations.values()));
      opened = true;
      return store;
    } finally {
      if (!opened) {
        unlock(directory, lock);
      }
    }
  }

  private static void makeDirectory(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    if (Files.getFileStore(existing(directory)).supportsFileAttributeView("posix")) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectories(directory);
    }
  }

  private static Path existing(Path directory) {
    Path at = directory.toAbsolutePath();
    while (!Files.exists(at) && at.getParent() != null) {
      at = at.getParent();
    }
    return at;
  }

  private static FileChannel lock(Path directory) throws IOException {
    Path path = directory.toRealPath().resolve(LOCK);
    if (!LOCKED_HERE.add(path)) {
      throw new IOException(
          "it is used by another manager of this process; close that one, or use another directory");
    }
    boolean locked = false;
    try {
      FileChannel channel = lockFile(directory, path);
      locked = true;
      return channel;
    } finally {
      if (!locked) {
        LOCKED_HERE.remove(path);
      }
    }
  }

  private static FileChannel lockFile(Path directory, Path path) throws IOException {
    FileChannel channel = FileChannel.open(
        path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    if (channel.tryLock() == null) {
      String owner = Files.readString(path);
      channel.close();
      throw new IOException(
          "it is used by another manager" + (owner.isEmpty() ? "" : " (pid " + owner + ")")
              + "; end that one, or use another directory");
    }
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(
        Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
    return channel;
  }

  private static void unlock(Path directory, FileChannel lock) throws IOException {
    try (lock) {
      lock.truncate(0);
    } finally {
      LOCKED_HERE.remove(directory.toRealPath().resolve(LOCK));
    }
  }

  private static TreeMap<Long, Path> generations(Path directory) throws IOException {
    TreeMap<Long, Path> found = new TreeMap<>();
    try (Stream<Path> all = Files.list(directory)) {
      all.filter(path -> StoreFile.generation(path) >= 0)
          .forEach(path -> found.put(StoreFile.generation(path), path));
    }
    if (!found.isEmpty() && StoreFile.isUnfinished(found.lastEntry().getValue())) {
      found.pollLastEntry(); // killed when it had just been made; it will be made again
    }
    if (!found.isEmpty() && found.lastKey() - found.firstKey() + 1 != found.size()) {
      throw new IOException("a file of it is missing: there are "
          + found.values().stream().map(Path::getFileName).toList()
          + "; nothing was changed. Restore the directory from a copy");
    }
    return found;
  }

  Path directory() {
    return directory;
  }

  /** Returns the name of the server whose objects these are. */
  String server() {
    return server;
  }

  /**
   * Reads what there is.
   *
   * @throws IOException if it is damaged, or an object cannot be made of it; the message says where
   */
  void load(StoreReplay replay) throws IOException {
    if (files.isEmpty()) {
      StoreFile made = StoreFile.create(directory, 1, server, disk);
      files.add(made.path());
      file = made;
      if (sync) {
        StoreFile.sync(directory);
      }
    }
    for (int i = file == null ? 0 : files.size(); i < files.size(); i++) {
      Path path = files.get(i);
      if (!StoreFile.server(path).equals(server)) {
        throw new IOException(path + " is of another store than " + files.get(files.size() - 1));
      }
      boolean isLast = i == files.size() - 1;
      boolean isRenewed = i == 0 && StoreFile.generation(path) != 1;
      if (isRenewed) {
        replay.beginRenewed();
      }
      StoreFile read = StoreFile.open(path, isLast, replay::take);
      if (isRenewed && !replay.isComplete()) {
        read.close();
        throw new IOException("the file before " + path.getFileName()
            + " is missing; nothing was changed. Restore the directory from a copy");
      }
      if (isLast) {
        file = read;
      } else {
        read.close();
      }
    }
    liveBytes = replay.liveBytes();
  }

  /**
   * Begins to write what is appended.
   *
   * @param source who has all objects
   */
  void start(EventExecutor loop, StoreRenewal.Source source) {
    this.loop = loop;
    this.source = source;
  }

  /** Returns why nothing can be changed now; null if it can. */
  @Nullable
  String refusal() {
    IOException why = failure;
    return why == null
        ? null
        : "nothing can be changed now, because the store " + directory + " cannot be written: "
            + why.getMessage() + "; nothing was done. Reading goes on, and writing is tried again";
  }

  /** Says what is to be kept. */
  void append(byte[] record) {
    appended++;
    next.records.add(record);
    schedule();
  }

  /** Returns how often something was appended. */
  long appended() {
    return appended;
  }

  /**
   * Does something when all that was appended so far is written, at once if it is; or when that has failed.
   *
   * @param then is given why it has failed; null if it has not
   */
  void whenWritten(Consumer<@Nullable IOException> then) {
    Batch before = writing;
    if (failure != null) {
      then.accept(failure);
    } else if (!next.records.isEmpty()) {
      next.waiting.add(then);
    } else if (before != null) {
      before.waiting.add(then);
    } else {
      then.accept(null);
    }
  }

  /** Says that what a call has done was not written. */
  String notWritten(IOException why) {
    return "what this call has changed is in effect, but could not be written to the store "
        + directory + ": " + why.getMessage()
        + ". It will be when that works again; until then it does not survive the server";
  }

  /** Says that what a call has done was undone, because it was not written. */
  String undone(IOException why) {
    return "nothing was done, because the store " + directory + " cannot be written: "
        + why.getMessage() + "; writing is tried again";
  }

  private EventExecutor loop() {
    EventExecutor started = loop;
    if (started == null) {
      throw new IllegalStateException("the store was not started");
    }
    return started;
  }

  private StoreFile file() {
    StoreFile open = file;
    if (open == null) {
      throw new IllegalStateException("the store was not loaded");
    }
    return open;
  }

  private void schedule() {
    if (!scheduled && !closed) {
      scheduled = true;
      loop().execute(this::write);
    }
  }

  private void write() {
    scheduled = false;
    if (writing != null || closed || next.records.isEmpty()) {
      return; // goes on when that one is through
    }
    Batch batch = next;
    next = new Batch();
    writing = batch;
    writer.execute(() -> {
      IOException failed = null;
      try {
        file().append(batch.records, sync, disk);
      } catch (IOException e) {
        failed = e;
      } catch (RuntimeException | Error e) {
        failed = new IOException(e.toString(), e);
      }
      IOException outcome = failed;
      inLoop(() -> written(batch, outcome));
    });
  }

  private void inLoop(Runnable then) {
    if (sync) {
      try {
        loop().execute(then);
      } catch (RejectedExecutionException serverHasEnded) {
        // And so have its clients' connections.
      }
    } else {
      then.run();
    }
  }

  private void written(Batch batch, @Nullable IOException failed) {
    writing = null;
    if (failed == null) {
      if (failure != null) {
        LOG.info("the store {} can be written again", directory);
        failure = null;
      }
      batch.waiting.forEach(then -> then.accept(null));
      if (!next.records.isEmpty()) {
        schedule();
      }
      renewIfLong();
      return;
    }
    if (failure == null) {
      LOG.error(
          "the store {} cannot be written, and changes are refused until it can: {}",
          directory,
          failed.toString());
    }
    failure = failed;
    List<Consumer<@Nullable IOException>> told = new ArrayList<>(batch.waiting);
    told.addAll(next.waiting);
    batch.records.addAll(next.records);
    batch.waiting.clear();
    next = batch;
    told.forEach(then -> then.accept(failed));
    loop().schedule(this::write, RETRY_MILLIS, TimeUnit.MILLISECONDS);
  }

  // Renewal.

  private void renewIfLong() {
    StoreRenewal.Source all = source;
    if (all == null || renewal != null || closed) {
      return;
    }
    long length = file().length();
    if (length < renewedBytes || length < 2 * liveBytes) {
      return;
    }
    StoreRenewal begun = new StoreRenewal(this, all);
    renewal = begun;
    long generation = file().generation() + 1;
    Batch nothing = new Batch();
    writing = nothing; // so that nothing is written meanwhile
    writer.execute(() -> {
      IOException failed = null;
      try {
        StoreFile made = StoreFile.create(directory, generation, server, disk);
        if (sync) {
          StoreFile.sync(directory);
        }
        StoreFile old = file();
        file = made;
        old.close();
      } catch (IOException e) {
        failed = e;
      }
      IOException outcome = failed;
      inLoop(() -> begun(begun, nothing, outcome));
    });
  }

  private void begun(StoreRenewal begun, Batch nothing, @Nullable IOException failed) {
    if (failed == null) {
      files.add(file().path());
      begun.start(loop());
    } else {
      LOG.warn("the store {} cannot be renewed: {}", directory, failed.toString());
      notRenewed();
    }
    writing = null;
    nothing.waiting.forEach(then -> then.accept(null));
    if (!next.records.isEmpty()) {
      schedule();
    }
  }

  /** Says that all objects have their state in the file that is written. */
  void renewed(long bytes) {
    liveBytes = bytes;
    whenWritten(failed -> {
      if (failed == null) {
        deleteOld();
      }
      renewal = null; // if it could not be written, the files before are read, too
    });
  }

  /** Says that an object could not write its state down: all files are still needed. */
  void notRenewed() {
    liveBytes = file().length();
    renewal = null;
  }

  private void deleteOld() {
    while (files.size() > 1) {
      try {
        disk.delete(files.get(0));
      } catch (IOException e) {
        LOG.warn("{} cannot be deleted: {}", files.get(0), e.toString());
        return; // it is read again, which costs time and nothing else
      }
      files.remove(0);
    }
  }

  /** Writes what is left, and ends. In the event loop. */
  void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (writer instanceof ExecutorService own) {
      own.shutdown();
      boolean interrupted = false;
      try {
        own.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    StoreFile open = file;
    if (open != null) {
      try (open) {
        if (!next.records.isEmpty()) {
          open.append(next.records, sync, disk);
        }
      } catch (IOException e) {
        LOG.error("the store {} could not be written at its end: {}", directory, e.toString());
      }
    }
    try {
      unlock(directory, lock);
    } catch (IOException e) {
      LOG.warn("the lock of the store {} could not be given back: {}", directory, e.toString());
    }
  }
}
