// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import io.procpool.master.process.Faults;
import java.io.EOFException;
import java.io.File;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Pipes and the collector, and what pipes leave in this process. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PipeTest {
  private static final int FEW = 10; // of others: arenas that are made once, libraries

  private static int descriptors() {
    return new File("/proc/self/fd").list().length;
  }

  private static void useAndClose() throws Exception {
    try (Pipe pipe = Pipe.duplex()) {
      for (int i = 0; i < 4; i++) {
        pipe.first().sendBytes(new byte[60_000]);
        pipe.second().sendBytes(new byte[60_000]);
      }
      assertThat(pipe.second().recvBytes()).hasSize(60_000);
    }
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "/proc")
  void close_manyPipes_nothingIsLeft() throws Exception {
    useAndClose();
    Set<String> segments = Segments.now();
    int before = descriptors();
    for (int i = 0; i < 100; i++) {
      useAndClose();
      assertThat(Segments.now()).isSubsetOf(segments);
    }
    assertThat(descriptors()).isLessThan(before + FEW);
  }

  /** Who waits at an end keeps it, though nobody else knows it. */
  @Test
  void recv_endKnownToNobodyElse_isNotCollected() throws Exception {
    Pipe pipe = Pipe.duplex();
    AtomicReference<Connection> near = new AtomicReference<>(pipe.first());
    Connection far = pipe.second();
    pipe = null;
    CompletableFuture<Object> received = new CompletableFuture<>();
    Thread thread = new Thread(() -> {
      try {
        received.complete(near.getAndSet(null).recv());
      } catch (Exception e) {
        received.completeExceptionally(e);
      }
    });
    thread.start();
    Faults.awaitLong("the thread to wait").until(() -> near.get() == null);
    for (int i = 0; i < 20; i++) {
      System.gc();
      Thread.yield();
    }
    far.send("still there");
    assertThat(received.get(Faults.LONG.toMillis(), TimeUnit.MILLISECONDS))
        .isEqualTo("still there");
    far.close();
  }

  /** A handle that nobody knows any more counts as closed. */
  @Test
  void collected_isClosed() throws Exception {
    Connection near = Pipe.duplex().first();
    Faults.awaitLong("the other end to be collected").until(() -> {
      System.gc();
      return near.poll();
    });
    assertThatThrownBy(near::recv).isInstanceOf(EOFException.class);
    near.close();
  }
}
