// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows how far the inputs are. Safe for use by multiple threads. */
interface Progress extends AutoCloseable {
  /** How wide a terminal is taken to be that does not tell. */
  int DEFAULT_COLUMNS = 80;

  /** One more input has ended. */
  void step();

  /** Removes what stands on the terminal's last line; it comes back with the next refresh. */
  default void clear() {}

  @Override
  default void close() {}

  /** Shows nothing. */
  static Progress none() {
    return () -> {};
  }

  /** Prints what others print while this is shown, so that it does not mix with it. */
  default void printBeside(PrintStream err, byte[] bytes, int offset, int count) {
    err.write(bytes, offset, count);
    err.flush();
  }

  /**
   * Returns a bar on a terminal that can take it, a plain line every ten seconds elsewhere.
   *
   * @param total the number of inputs, or -1 if it is not known
   */
  static Progress on(Console console, String name, long total) {
    return console.errIsTerminal() && takesBar(System.getenv("TERM"))
        ? new Bar(console.err(), name, total, columns())
        : new Lines(console, name, total);
  }

  /** Tells whether a terminal of this type can clear a line. */
  static boolean takesBar(@Nullable String terminal) {
    return terminal != null && !terminal.isEmpty() && !terminal.equals("dumb");
  }

  private static int columns() {
    String columns = System.getenv("COLUMNS");
    if (columns == null) {
      columns = columnsOfTerminal();
    }
    return columns.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(columns) : DEFAULT_COLUMNS;
  }

  private static String columnsOfTerminal() {
    try {
      Process stty = new ProcessBuilder("stty", "size")
          .redirectInput(new File("/dev/tty"))
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      String rowsAndColumns =
          new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return rowsAndColumns.strip().replaceFirst(".* ", "");
    } catch (IOException noTerminalOrNoSuchCommand) {
      return "";
    }
  }

  /**
   * A bar on the terminal's last line. What others print through {@link #printBeside} goes above it: the bar is cleared first,
   * and comes back once a whole line stands there.
   */
  final class Bar implements Progress {
    private static final int REFRESH_MILLIS = 200;
    private static final String CLEAR = "\r\033[K";

    private final PrintStream err;
    private final int columns;
    private final ProgressBar bar;
    private boolean shown; // guarded by this
    private boolean inLine; // guarded by this; others have begun a line and not ended it
    private boolean closed; // guarded by this

    Bar(PrintStream err, String name, long total, int columns) {
      this.err = err;
      this.columns = columns;
      this.bar = new ProgressBarBuilder()
          .setTaskName(name)
          .setInitialMax(total)
          .setStyle(ProgressBarStyle.ASCII)
          .setUpdateIntervalMillis(REFRESH_MILLIS)
          .setMaxRenderedLength(columns - 1)
          .setConsumer(new Line())
          .clearDisplayOnFinish()
          .build();
    }

    /** Takes what the library draws. */
    private final class Line implements ProgressBarConsumer {
      @Override
      public int getMaxRenderedLength() {
        return columns - 1; // in the last column the terminal would begin another line
      }

      @Override
      public void accept(String text) {
        show(text.substring(0, Math.min(text.length(), columns - 1)));
      }

      @Override
      public void clear() {
        Bar.this.clear();
      }

      @Override
      public void close() {
        Bar.this.clear();
      }
    }

    private synchronized void show(String text) {
      if (!closed && !inLine) {
        err.print("\r" + text + "\033[K");
        err.flush();
        shown = true;
      }
    }

    @Override
    public void step() {
      bar.step();
    }

    @Override
    public synchronized void clear() {
      if (shown) {
        err.print(CLEAR);
        err.flush();
        shown = false;
      }
    }

    @Override
    public synchronized void printBeside(PrintStream to, byte[] bytes, int offset, int count) {
      if (count > 0) {
        clear();
        to.write(bytes, offset, count);
        to.flush();
        inLine = bytes[offset + count - 1] != '\n';
      }
    }

    @Override
    public void close() {
      synchronized (this) {
        closed = true;
        clear();
        if (inLine) {
          err.println();
          inLine = false;
        }
      }
      bar.close();
    }
  }

  /** Plain lines. */
  final class Lines implements Progress {
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final Console console;
    private final String name;
    private final long total;
    private final long start = System.nanoTime();
    private long done;
    private long nextLine = INTERVAL.toNanos();

    Lines(Console console, String name, long total) {
      this.console = console;
      this.name = name;
      this.total = total;
    }

    @Override
    public synchronized void step() {
      done++;
      long elapsed = System.nanoTime() - start;
      if (elapsed >= nextLine) {
        nextLine = elapsed + INTERVAL.toNanos();
        console.remark(name + ": "
            + (total < 0 ? Texts.count(done, "input") : done + " of " + Texts.count(total, "input"))
            + " after " + Texts.seconds(elapsed / 1e9));
      }
    }
  }
}
