// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.PrintStream;
import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

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

  /**
   * Returns a bar on a terminal, a plain line every ten seconds elsewhere.
   *
   * @param total the number of inputs, or -1 if it is not known
   */
  static Progress on(Console console, String name, long total) {
    return console.errIsTerminal()
        ? new Bar(console.err(), name, total)
        : new Lines(console, name, total);
  }

  /** A bar. */
  final class Bar implements Progress {
    private static final int REFRESH_MILLIS = 200;

    private final PrintStream err;
    private final ProgressBar bar;

    Bar(PrintStream err, String name, long total) {
      this.err = err;
      this.bar = new ProgressBarBuilder()
          .setTaskName(name)
          .setInitialMax(total)
          .setStyle(ProgressBarStyle.ASCII)
          .setUpdateIntervalMillis(REFRESH_MILLIS)
          .setConsumer(new ConsoleProgressBarConsumer(err, columns()))
          .clearDisplayOnFinish()
          .build();
    }

    private static int columns() {
      String columns = System.getenv("COLUMNS");
      return columns != null && columns.matches("[1-9][0-9]{1,3}") ? Integer.parseInt(columns) : 80;
    }

    @Override
    public void step() {
      bar.step();
    }

    @Override
    public void clear() {
      err.print("\r\033[K");
      err.flush();
    }

    @Override
    public void close() {
      bar.close();
      clear();
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
