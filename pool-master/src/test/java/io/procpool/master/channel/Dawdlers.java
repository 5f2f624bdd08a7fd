// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static io.procpool.master.process.Faults.awaitLong;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.Connection;
import io.procpool.channel.ConnectionListener;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.master.process.Faults;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * Clients of a listener that say nothing, or a byte now and then. They are given up after ten seconds, for which other tests run beside
 * them.
 */
final class Dawdlers {
  private static final byte[] KEY = RawClient.random(20);

  private final ConnectionListener listener;
  private final RawClient silent;
  private final RawClient slow;
  private final FutureTask<Duration> silentFor;
  private final FutureTask<Boolean> slowBytes;

  /** Begins. */
  Dawdlers() throws IOException {
    listener =
        ConnectionListener.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), KEY);
    long start = System.nanoTime();
    silent = new RawClient(listener.address());
    slow = new RawClient(listener.address());
    byte[] proof = ConnectionHandshake.proof(KEY, slow.greeting(), RawClient.random(32));
    silentFor = begin(() -> {
      silent.awaitEnd();
      return Duration.ofNanos(System.nanoTime() - start);
    });
    slowBytes = begin(() -> {
      for (byte each : proof) {
        slow.send(new byte[] {each});
        Thread.sleep(400);
      }
      return true;
    });
  }

  private static <T> FutureTask<T> begin(Callable<T> task) {
    FutureTask<T> begun = new FutureTask<>(task);
    Thread thread = new Thread(begun, "test-client");
    thread.setDaemon(true);
    thread.start();
    return begun;
  }

  /** Waits until both are given up, not earlier than they should; the listener is of use to others. */
  void assertGivenUp() throws Exception {
    long millis = Faults.LONG.toMillis();
    try (listener;
        silent;
        slow) {
      assertThat(silentFor.get(millis, TimeUnit.MILLISECONDS)).isGreaterThan(Duration.ofSeconds(9));
      assertThatThrownBy(() -> slowBytes.get(millis, TimeUnit.MILLISECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(IOException.class);
      awaitLong("both to be counted").until(() -> listener.refused() == 2);
      try (Connection client = ConnectionListener.connect(listener.address(), KEY, Faults.LONG);
          Connection server = listener.accept(Faults.LONG)) {
        client.send("ping");
        assertThat(server.recv(Faults.LONG)).isEqualTo("ping");
      }
    }
  }
}
