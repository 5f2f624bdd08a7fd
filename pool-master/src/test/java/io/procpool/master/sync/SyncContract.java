// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.Task;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/**
 * What the contracts share. Each runs with threads of one process and with processes; what it says of parties holds in both.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class SyncContract {
  protected static final long LONG_MILLIS = LONG.toMillis();

  /** A timeout that is meant to run out. */
  protected static final Duration BRIEF = SHORT.dividedBy(5);

  protected static final long BRIEF_NANOS = BRIEF.toNanos();

  /** Returns who takes part. */
  protected abstract Parties parties();

  /** Returns where what is tested has its place. */
  protected Home home() {
    return Home.SHARED_MEMORY;
  }

  @AfterEach
  void nobodyDoesAnything() throws Exception {
    parties().checkIdle();
  }

  protected final Party master() {
    return parties().master();
  }

  protected final Party a() {
    return parties().a();
  }

  protected final Party b() {
    return parties().b();
  }

  /** Returns another handle of the same thing. */
  @SuppressWarnings("unchecked")
  protected static <T> T copyOf(T handle) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(handle);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  /** Runs something that has a timeout of BRIEF in the calling thread; it must not end before. */
  protected static <T> T notEarly(Task<T> task) throws Exception {
    long start = System.nanoTime();
    T value = task.call();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(BRIEF);
    return value;
  }

  /** Checks that the calling thread, interrupted before, gets an exception instead, and is not interrupted any more. */
  protected static void assertInterrupted(ThrowingCallable wait) {
    Thread.currentThread().interrupt();
    assertThatThrownBy(wait).isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).as("interrupt status").isFalse();
  }

  protected static void assertRefused(ThrowingCallable call, String messagePart) {
    assertThatThrownBy(call)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(messagePart)
        .hasMessageContaining("(expected: ");
  }
}
