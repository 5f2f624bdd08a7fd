// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How large the terminal is at this moment.
 *
 * @param rows its lines
 * @param columns characters in each
 */
record TerminalSize(int rows, int columns) {
  /** How large a terminal is taken to be that does not tell. */
  static final TerminalSize DEFAULT = new TerminalSize(24, 80);

  private static final int STDERR = 2;
  private static final long TIOCGWINSZ = 0x5413; // of Linux

  private static @Nullable TerminalSize
      asked; // by a command, which is asked once; guarded by the class

  /** Asks the terminal of standard error; what the environment says in {@code COLUMNS} goes before. */
  static TerminalSize now() {
    TerminalSize size = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("linux")
        ? ofSystem()
        : null;
    if (size == null) {
      size = ofCommand();
    }
    String columns = System.getenv("COLUMNS");
    return columns != null && columns.matches("[1-9][0-9]{0,3}")
        ? new TerminalSize(size.rows, Integer.parseInt(columns))
        : size;
  }

  private static @Nullable TerminalSize ofSystem() {
    try (Memory window = new Memory(8)) {
      Function ioctl = NativeLibrary.getProcess().getFunction("ioctl");
      if (ioctl.invokeInt(new Object[] {STDERR, TIOCGWINSZ, window}) != 0) {
        return null;
      }
      int rows = window.getShort(0) & 0xffff;
      int columns = window.getShort(2) & 0xffff;
      return rows > 0 && columns > 0 ? new TerminalSize(rows, columns) : null;
    } catch (LinkageError | RuntimeException noNativeCalls) {
      return null;
    }
  }

  private static synchronized TerminalSize ofCommand() {
    if (asked == null) {
      asked = DEFAULT;
      try {
        Process stty = new ProcessBuilder("stty", "size")
            .redirectInput(new File("/dev/tty"))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
        String text = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        String[] words = text.strip().split(" ");
        if (text.strip().matches("[1-9][0-9]{0,3} [1-9][0-9]{0,3}")) {
          asked = new TerminalSize(Integer.parseInt(words[0]), Integer.parseInt(words[1]));
        }
      } catch (IOException noTerminalOrNoSuchCommand) {
        // Then it is as large as most.
      }
    }
    return asked;
  }
}
