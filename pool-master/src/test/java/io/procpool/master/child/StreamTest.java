// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.master.launch.OutputTail;
import io.procpool.master.process.Faults;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of the output of children. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class StreamTest {
  private final PrintStream standardOutput = System.out;
  private final PrintStream standardError = System.err;

  @AfterEach
  void restore() {
    System.setOut(standardOutput);
    System.setErr(standardError);
    Faults.assertNothingLeft();
  }

  @Test
  void tail_anyPieces_isTheEndOfAll() {
    Random random = new Random(4711);
    for (int round = 0; round < 200; round++) {
      int capacity = 1 + random.nextInt(3000);
      OutputTail tail = new OutputTail(capacity);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < 20; i++) {
        byte[] piece = new byte[random.nextInt(1000)];
        random.nextBytes(piece);
        int length = random.nextInt(piece.length + 1);
        tail.write(piece, length);
        all.write(piece, 0, length);
      }
      byte[] whole = all.toByteArray();
      int dropped = Math.max(0, whole.length - capacity);
      assertThat(tail.droppedBytes()).isEqualTo(dropped);
      assertThat(tail.bytes()).isEqualTo(Arrays.copyOfRange(whole, dropped, whole.length));
    }
  }

  @Test
  void stream_tagged_goesToTheSameStream() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true));
    System.setErr(new PrintStream(err, true));
    ChildOptions options = ChildOptions.builder()
        .name("tagged")
        .stdout(ChildOptions.Stream.TAG)
        .stderr(ChildOptions.Stream.TAG)
        .build();
    ChildProcess child = ChildProcess.start(options, () -> {
      System.out.print("to out");
      System.err.print("to err");
    });
    child.join();
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("[tagged] to out\n");
    assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("[tagged] to err\n");
  }

  /** All of it is there before join() returns. */
  @Test
  void stream_inheritedError_isThereBeforeJoinReturns() throws Exception {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setErr(new PrintStream(err, true));
    ChildOptions options =
        ChildOptions.builder().stdout(ChildOptions.Stream.DISCARD).build();
    for (int i = 0; i < 5; i++) {
      err.reset();
      ChildProcess.start(options, () -> {
            System.out.print("x".repeat(1_000_000));
            System.err.print("y".repeat(300_000));
          })
          .join();
      assertThat(err.size()).isEqualTo(300_000);
    }
  }

  /** A sink that breaks must not hold up the child. */
  @Test
  void stream_sinkThrows_childGoesOn() throws Exception {
    System.setErr(new PrintStream(new ByteArrayOutputStream()) {
      @Override
      public void write(byte[] bytes, int offset, int length) {
        throw new IllegalStateException("broken");
      }
    });
    ChildProcess child = ChildProcess.start(() -> System.err.print("y".repeat(1_000_000)));
    assertThat(child.join(Faults.LONG)).isTrue();
    assertThat(child.exitCode()).hasValue(0);
  }
}
