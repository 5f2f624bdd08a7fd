// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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
    Progress bar = new Progress.Bar(err, "a-job-with-a-long-name", 100, 30);
    await().atMost(LONG).until(() -> text().contains("a-job"));
    bar.step();
    bar.close();
    assertThat(text()).endsWith("\r\033[K").doesNotContain("\n");
    assertThat(text().replace("\033[K", "").split("\r")).allMatch(line -> line.length() < 30);
  }

  /** The bar is cleared before others print, and is not drawn into a line that they have begun. */
  @Test
  void bar_othersPrint_isNotMixed() throws Exception {
    Progress bar = new Progress.Bar(err, "job", 100, 80);
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

  @Test
  void takesBar_dumbTerminal_doesNot() {
    assertThat(Progress.takesBar("dumb")).isFalse();
    assertThat(Progress.takesBar("")).isFalse();
    assertThat(Progress.takesBar(null)).isFalse();
    assertThat(Progress.takesBar("xterm-256color")).isTrue();
  }
}
