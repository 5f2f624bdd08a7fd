// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bar stays on one line of the terminal, and away from what others print. */
@Timeout(60)
final class ProgressTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static void print(Progress progress, PrintStream err, String text) {
    byte[] printed = text.getBytes(StandardCharsets.UTF_8);
    progress.printBeside(err, printed, 0, printed.length);
  }

  @Test
  void bar_narrowTerminal_fitsAndLeavesNoLine() {
    Progress bar = new Progress.Bar(
        err, "a-job-with-a-long-name", 100, () -> new TerminalSize(24, 30), room -> List.of());
    await().atMost(LONG).until(() -> text().contains("a-job"));
    bar.step();
    bar.close();
    assertThat(text()).endsWith("\r\033[K").doesNotContain("\n");
    assertThat(text().replace("\033[K", "").split("\r")).allMatch(line -> line.length() < 30);
  }

  /** The bar is cleared before others print, and is not drawn into a line that they have begun. */
  @Test
  void bar_othersPrint_isNotMixed() throws Exception {
    Progress bar = new Progress.Bar(err, "job", 100, () -> TerminalSize.DEFAULT, room -> List.of());
    await().atMost(LONG).until(() -> text().contains("job"));
    print(bar, err, "noise");
    assertThat(text()).endsWith("\r\033[Knoise");
    int length = text().length();
    bar.step();
    Thread.sleep(500); // more than a refresh: nothing must come
    assertThat(text()).hasSize(length);
    print(bar, err, " ends\n");
    bar.step();
    await().atMost(LONG).until(() -> text().substring(length).startsWith(" ends\n\rjob"));
    bar.close();
    bar.clear();
    assertThat(text()).endsWith("\r\033[K");
  }

  /** Details stand above the bar, follow the terminal's size, and go with it. */
  @Test
  void bar_withDetails_drawsThemInPlace() {
    AtomicReference<TerminalSize> size = new AtomicReference<>(new TerminalSize(24, 80));
    AtomicInteger room = new AtomicInteger();
    Progress bar = new Progress.Bar(err, "job", 100, size::get, rows -> {
      room.set(rows);
      return List.of("worker-1 at a.txt", "worker-2 at something with a long name");
    });
    await()
        .atMost(LONG)
        .until(
            () -> text()
                .contains(
                    "\r\033[2Aworker-1 at a.txt\033[K\nworker-2 at something with a long name\033[K\njob"));
    assertThat(room).hasValue(20);
    size.set(new TerminalSize(10, 20));
    await()
        .atMost(LONG)
        .until(() -> text().contains("\nworker-2 at somethi\033[K\n") && room.get() == 8);
    bar.close();
    assertThat(text()).endsWith("\r\033[2A\033[J");
  }

  @Test
  void fitting_whatIsWideOrSteersTheTerminal_doesNoHarm() {
    assertThat(Progress.Bar.fitting("ab\033[2Jc\u202ed", 20)).isEqualTo("ab [2Jcd");
    assertThat(Progress.Bar.fitting("\u6f22\u5b57\u6f22", 5)).isEqualTo("\u6f22\u5b57");
  }

  @Test
  void takesBar_dumbTerminal_doesNot() {
    assertThat(Progress.takesBar("dumb")).isFalse();
    assertThat(Progress.takesBar("")).isFalse();
    assertThat(Progress.takesBar(null)).isFalse();
    assertThat(Progress.takesBar("xterm-256color")).isTrue();
  }
}
