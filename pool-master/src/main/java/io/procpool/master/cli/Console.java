// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The command's streams. Safe for use by multiple threads.
 *
 * <p>Results go to {@link #out}. {@link System#out} belongs to code of the job and is not for results: see
 * {@link #divertSystemOut}.
 */
final class Console implements Closeable {
  private static final long FLUSH_INTERVAL_MILLIS = 50;

  private final InputStream in;
  private final ResultStream results;
  private final PrintStream out;
  private final PrintStream err;
  private final boolean ownsProcess;
  private final boolean errIsTerminal;
  private final boolean outIsTerminal;
  private final PrintStream besideProgress;
  private final Thread flusher;
  private volatile @Nullable Progress progress;

  private Console(InputStream in, OutputStream out, PrintStream err, boolean ownsProcess) {
    this.in = in;
    this.err = err;
    this.ownsProcess = ownsProcess;
    this.errIsTerminal = ownsProcess && isTerminal(2);
    this.outIsTerminal = ownsProcess && isTerminal(1);
    this.results = new ResultStream(out, this::clearProgress);
    this.out = new PrintStream(results, false, StandardCharsets.UTF_8);
    this.besideProgress = new PrintStream(new Beside(), true, StandardCharsets.UTF_8);
    this.flusher = new Thread(this::flushNowAndThen, "pool-master-flush");
    flusher.setDaemon(true);
    flusher.start();
  }

  /** Returns the streams of this process. */
  static Console ofProcess() {
    return new Console(
        new FileInputStream(FileDescriptor.in),
        new FileOutputStream(FileDescriptor.out),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        true);
  }

  /** Returns given streams, for a command that runs inside another program: it reacts to no signal. */
  static Console of(InputStream in, OutputStream out, PrintStream err) {
    return new Console(in, out, err, false);
  }

  InputStream in() {
    return in;
  }

  /** Returns where results go. */
  PrintStream out() {
    return out;
  }

  /** Returns where all else goes. */
  PrintStream err() {
    return err;
  }

  /** Returns where code of the job writes what is no result: it does not mix with the progress. */
  PrintStream jobErr() {
    return besideProgress;
  }

  private final class Beside extends OutputStream {
    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) {
      Progress current = progress;
      if (current == null) {
        err.write(bytes, offset, count);
        err.flush();
      } else {
        current.printBeside(err, bytes, offset, count);
      }
    }
  }

  /** Tells whether no further result can be written: the reader is gone, or there is a {@link #outFailure}. */
  boolean outIsClosed() {
    return results.isBroken();
  }

  /** Returns why results cannot be written, unless it is that their reader is gone. */
  Optional<IOException> outFailure() {
    return results.failure();
  }

  /** Sees to it that all results written so far have left this process. */
  void flushResults() {
    out.flush();
  }

  /** Tells whether the command is this whole process, so that it may set up reactions to signals. */
  boolean ownsProcess() {
    return ownsProcess;
  }

  boolean errIsTerminal() {
    return errIsTerminal;
  }

  /** Prints a line for the user, with the command's name in front. */
  void remark(String text) {
    clearProgress();
    err.println("pool-master: " + Texts.oneLine(text));
  }

  /** Names what must be cleared from the terminal before a line is printed to it. */
  void progress(@Nullable Progress progress) {
    this.progress = progress;
  }

  /**
   * Sends what code of the job prints with {@code System.out} to standard error, in this process, until the returned
   * object is closed. So it never mixes with results, whether the job runs in this JVM or in workers. In a process of the
   * command's own what is printed with {@code System.err}, also by workers, does not mix with the progress either.
   */
  Diversion divertSystemOut() {
    PrintStream out = System.out;
    PrintStream errBefore = System.err;
    System.setOut(besideProgress);
    if (ownsProcess) {
      System.setErr(besideProgress);
    }
    return () -> {
      System.setOut(out);
      System.setErr(errBefore);
    };
  }

  /** Ends a diversion. */
  interface Diversion extends AutoCloseable {
    @Override
    void close();
  }

  @Override
  public void close() {
    out.flush();
    flusher.interrupt();
  }

  private void clearProgress() {
    Progress current = progress;
    if (current != null && (outIsTerminal || errIsTerminal)) {
      current.clear();
    }
  }

  private void flushNowAndThen() {
    try {
      while (true) {
        Thread.sleep(FLUSH_INTERVAL_MILLIS);
        results.flushQuietly();
      }
    } catch (InterruptedException e) {
      // closed
    }
  }

  private static boolean isTerminal(int descriptor) {
    Path link = Path.of("/proc/self/fd/" + descriptor);
    if (Files.isSymbolicLink(link)) {
      try {
        String target = Files.readSymbolicLink(link).toString();
        return target.startsWith("/dev/pts/")
            || target.startsWith("/dev/tty")
            || target.equals("/dev/console");
      } catch (IOException e) {
        return false;
      }
    }
    java.io.Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (Boolean) java.io.Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException beforeJdk22) {
      return true;
    }
  }
}
