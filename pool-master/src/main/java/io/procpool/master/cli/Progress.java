// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows how far the inputs are. Safe for use by multiple threads. */
interface Progress extends AutoCloseable {
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
   * @param details what is to stand above the bar, of no more than so many lines
   */
  static Progress on(Console console, String name, long total, IntFunction<List<String>> details) {
    return console.errIsTerminal() && takesBar(System.getenv("TERM"))
        ? new Bar(console.err(), name, total, TerminalSize::now, details)
        : new Lines(console, name, total);
  }

  /** Tells whether a terminal of this type can clear a line. */
  static boolean takesBar(@Nullable String terminal) {
    return terminal != null && !terminal.isEmpty() && !terminal.equals("dumb");
  }

  /**
   * A bar on the terminal's last line, and some lines above it. What others print through {@link #printBeside} goes above all that: it is cleared first,
   * and comes back once a whole line stands there. Nothing but these lines is changed on the terminal, so that nothing has to be repaired if this process is killed.
   */
  final class Bar implements Progress {
    private static final int REFRESH_MILLIS = 200;
    private static final int MOST_DETAILS = 20;
    private static final String CLEAR_LINE = "\033[K";
    private static final String CLEAR_BELOW = "\033[J";

    private final PrintStream err;
    private final Supplier<TerminalSize> terminal;
    private final IntFunction<List<String>> details;
    private final ProgressBar bar;
    private volatile TerminalSize size;
    private boolean shown; // guarded by this
    private int linesAbove; // of those shown; guarded by this
    private boolean inLine; // guarded by this; others have begun a line and not ended it
    private boolean closed; // guarded by this

    Bar(
        PrintStream err,
        String name,
        long total,
        Supplier<TerminalSize> terminal,
        IntFunction<List<String>> details) {
      this.err = err;
      this.terminal = terminal;
      this.details = details;
      this.size = terminal.get();
      this.bar = new ProgressBarBuilder()
          .setTaskName(name)
          .setInitialMax(total)
          .setStyle(ProgressBarStyle.ASCII)
          .setUpdateIntervalMillis(REFRESH_MILLIS)
          .setConsumer(new Line())
          .clearDisplayOnFinish()
          .continuousUpdate() // what stands above changes though no input has ended
          .build();
    }

    /** Takes what the library draws. */
    private final class Line implements ProgressBarConsumer {
      @Override
      public int getMaxRenderedLength() {
        size = terminal.get();
        return size.columns() - 1; // in the last column the terminal would begin another line
      }

      @Override
      public void accept(String text) {
        TerminalSize now = size;
        // Not under the lock: the pool may take its time.
        show(details.apply(Math.min(MOST_DETAILS, now.rows() - 2)), text, now.columns() - 1);
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

    private synchronized void show(List<String> above, String text, int columns) {
      if (closed || inLine) {
        return;
      }
      StringBuilder drawn = new StringBuilder(toTop());
      for (String line : above) {
        drawn.append(fitting(line, columns)).append(CLEAR_LINE).append('\n');
      }
      boolean more = linesAbove + above.size() > 0;
      drawn.append(fitting(text, columns)).append(more ? CLEAR_BELOW : CLEAR_LINE);
      err.print(drawn);
      err.flush();
      shown = true;
      linesAbove = above.size();
    }

    // under this
    private String toTop() {
      return linesAbove == 0 ? "\r" : "\r\033[" + linesAbove + "A";
    }

    /** Returns as much of a text as is sure to fit: what may be wide is taken to be, what steers the terminal is left out. */
    static String fitting(String text, int columns) {
      StringBuilder fitting = new StringBuilder();
      int width = 0;
      for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
        int character = text.codePointAt(at);
        if (Character.getType(character) == Character.FORMAT) {
          continue;
        }
        width += character < 0x1100 ? 1 : 2;
        if (width > columns) {
          break;
        }
        fitting.appendCodePoint(Character.isISOControl(character) ? ' ' : character);
      }
      return fitting.toString();
    }

    @Override
    public void step() {
      bar.step();
    }

    @Override
    public synchronized void clear() {
      if (shown) {
        err.print(toTop() + (linesAbove > 0 ? CLEAR_BELOW : CLEAR_LINE));
        err.flush();
        shown = false;
        linesAbove = 0;
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
