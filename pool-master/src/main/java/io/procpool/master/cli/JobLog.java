// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The file of {@code --joblog}: what became of each input. A line is written with one call as soon as the input's result
 * has been handed out, so a command that is killed leaves whole lines and at most one torn one, at the end. Not safe for
 * use by multiple threads, except for {@link #isDone}, which is for the thread that reads the inputs.
 */
final class JobLog implements Closeable {
  /*
   * #procpool-joblog 1 <what was run>
   * seq  start  seconds  pid  attempts  status  digest  detail        (separated by tabs; - where not known)
   * The last line of an input counts. Status: ok, failed (its own exception), lost (worker crashed, timeout, ...).
   */
  private static final String MAGIC = "#procpool-joblog 1 ";
  private static final String COLUMNS =
      "#seq\tstart\tseconds\tpid\tattempts\tstatus\tdigest\tdetail";
  private static final int FIELDS = 8;
  private static final int MAX_AHEAD =
      1 << 24; // by which an input can be logged before earlier ones
  private static final String OK = "ok";

  private final Path path;
  private final FileChannel channel;
  private long[] done =
      new long[1024]; // digest by sequence, 0: not done; the reading thread's after open
  private long doneLeft; // the reading thread's after open
  private long doneCount;

  /**
   * What is known of how an input was run.
   *
   * @param startMillis when it was begun, or -1
   * @param nanos how long it took, or -1
   * @param pid of the process that ran it, or -1
   * @param attempts how often it was handed to the pool
   */
  record Run(long startMillis, long nanos, long pid, int attempts) {}

  private JobLog(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * Opens the file.
   *
   * @param what names the job or the method, so that a log is not continued with another one
   * @param resume to go on with what is there; otherwise a file that is not empty is refused
   */
  static JobLog open(Path path, String what, boolean resume) throws CommandException {
    FileChannel channel;
    try {
      channel = FileChannel.open(
          path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (IOException | UnsupportedOperationException e) {
      throw CommandException.usage(
          "--joblog: " + path + " cannot be written (" + why(path, e)
              + "); name a file in a folder that you can write to",
          e);
    }
    JobLog log = new JobLog(path, channel);
    try {
      log.begin(Texts.oneLine(what), resume);
      return log;
    } catch (IOException e) {
      log.close();
      throw CommandException.usage(
          "--joblog: " + path + " cannot be written (" + why(path, e)
              + "); name a file in a folder that you can write to",
          e);
    } catch (CommandException e) {
      log.close();
      throw e;
    }
  }

  /** Says why a path cannot be written. */
  static String why(Path path, Exception e) {
    Path folder = path.toAbsolutePath().getParent();
    if (Files.isDirectory(path)) {
      return "it is a folder";
    }
    if (folder != null && !Files.exists(folder)) {
      return "the folder " + folder + " does not exist";
    }
    if (folder != null && !Files.isDirectory(folder)) {
      return folder + " is not a folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    return Texts.failure(e);
  }

  private void begin(String what, boolean resume) throws IOException, CommandException {
    lock();
    if (channel.size() > 0) {
      if (!resume) {
        throw CommandException.usage("--joblog: " + path
            + " exists already; go on with it by --resume, or name another file");
      }
      long whole = wholeLines();
      channel.truncate(whole);
      channel.position(0);
      read(what);
    }
    channel.position(channel.size());
    if (channel.size() == 0) {
      append(MAGIC + what + "\n" + COLUMNS + "\n");
    }
  }

  private void lock() throws IOException, CommandException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw CommandException.usage("--joblog: " + path
          + " is being written by another pool-master; wait for its end, or name another file");
    }
  }

  /** Returns the length of the file without a torn last line. */
  private long wholeLines() throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    long length = channel.size();
    while (length > 0) {
      one.clear();
      channel.read(one, length - 1);
      if (one.get(0) == '\n') {
        return length;
      }
      length--;
    }
    return 0;
  }

  private void read(String what) throws IOException, CommandException {
    BufferedReader lines = new BufferedReader(
        new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
    String first = lines.readLine();
    if (first == null) {
      return;
    }
    if (!first.startsWith(MAGIC)) {
      throw CommandException.usage("--joblog: " + path
          + " is not a job log of this version of pool-master; name another file");
    }
    String before = first.substring(MAGIC.length());
    if (!before.equals(what)) {
      throw CommandException.usage("--resume: " + path + " is the log of " + before + ", not of "
          + what + "; name another file with --joblog");
    }
    int number = 1;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      if (!line.startsWith("#")) {
        readEntry(line, number);
      }
    }
    doneCount = doneLeft;
  }

  private void readEntry(String line, int number) throws CommandException {
    String[] fields = line.split("\t", -1);
    try {
      long sequence = Long.parseLong(fields[0]);
      if (fields.length != FIELDS || sequence < 0 || sequence > number + MAX_AHEAD) {
        throw new NumberFormatException();
      }
      long digest = fields[5].equals(OK) ? notZero(Long.parseUnsignedLong(fields[6], 16)) : 0;
      set((int) sequence, digest);
    } catch (NumberFormatException e) {
      throw CommandException.usage(
          "--resume: " + path + ": line " + number
              + " cannot be read; correct or remove it, or name another file with --joblog",
          e);
    }
  }

  private static long notZero(long digest) {
    return digest == 0 ? 1 : digest;
  }

  private void set(int sequence, long digest) {
    if (sequence >= done.length) {
      done = Arrays.copyOf(done, Math.max(sequence + 1, done.length * 2));
    }
    doneLeft += (digest == 0 ? 0 : 1) - (done[sequence] == 0 ? 0 : 1);
    done[sequence] = digest;
  }

  /** Returns how many inputs the log had as done when it was opened. */
  long doneCount() {
    return doneCount;
  }

  /**
   * Tells whether the log has an input as done. Each is asked for once.
   *
   * @throws CommandException if it has another input at this place
   */
  boolean isDone(long sequence, long digest) throws CommandException {
    long logged = sequence < done.length ? done[(int) sequence] : 0;
    if (logged == 0) {
      return false;
    }
    if (logged != notZero(digest)) {
      throw CommandException.usage(String.format(
          "--resume: input %d is not the one that %s has (digest %016x, in the log %016x);"
              + " the inputs have changed: name another file with --joblog",
          sequence + 1, path, digest, logged));
    }
    doneLeft--;
    return true;
  }

  /** Tells that the inputs have ended: the log must not have more of them. */
  void inputsEnded(long count) throws CommandException {
    if (doneLeft > 0) {
      throw CommandException.usage("--resume: " + path + " has " + Texts.count(doneLeft, "input")
          + " beyond the last one (there are " + count
          + " now); the inputs have changed: name another file with --joblog");
    }
  }

  void ok(long sequence, long digest, Run run) throws IOException {
    write(sequence, digest, run, OK, "-");
  }

  void failed(long sequence, long digest, Run run, boolean lost, Throwable error)
      throws IOException {
    write(sequence, digest, run, lost ? "lost" : "failed", Texts.failure(error).replace('\t', ' '));
  }

  private void write(long sequence, long digest, Run run, String status, @Nullable String detail)
      throws IOException {
    append(String.join(
            "\t",
            String.valueOf(sequence),
            run.startMillis() < 0
                ? "-"
                : Instant.ofEpochMilli(run.startMillis()).toString(),
            run.nanos() < 0 ? "-" : String.format(Locale.ROOT, "%.6f", run.nanos() / 1e9),
            run.pid() < 0 ? "-" : String.valueOf(run.pid()),
            String.valueOf(run.attempts()),
            status,
            String.format("%016x", digest),
            detail)
        + "\n");
  }

  private void append(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // every line was written when it was made
    }
  }
}
