// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.Processes;
import io.procpool.channel.BrokenPipeException;
import io.procpool.channel.Connection;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.Parties;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The process at the other end of a connection over a socket is killed. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SocketDeathTest {
  private static final int LARGE_BYTES = 40 << 20; // more than waits anywhere on the way
  private static Parties parties;

  @BeforeAll
  static void open() {
    parties = Parties.ofMortals();
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @AfterEach
  void nobodyDoesAnything() throws Exception {
    parties.checkIdle();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void kill_idle_receiverGetsWhatWasSentThenTheEnd(boolean tcp) throws Exception {
    long pid = parties.a().pid();
    Link link = SocketContract.open(tcp, parties.master(), parties.a());
    try (End near = link.near()) {
      link.far().run(c -> c.send("last words"));
      Begun<Object> end = near.begin(c -> {
        assertThat(c.recv()).isEqualTo("last words");
        return c.recv();
      });
      end.awaitWaiting();
      parties.a().kill(pid);
      assertThat(end.failure()).isInstanceOf(EOFException.class);
      assertThat(near.<Integer>call(c -> Processes.awaitReady(List.of(c), LONG).size()))
          .isEqualTo(1);
      assertThat(near.is(Connection::poll)).isTrue();
      assertThatThrownBy(() -> near.run(c -> c.send("x"))).isInstanceOf(BrokenPipeException.class);
    }
  }

  /** Half a message is told of, and is not taken for a whole one. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void kill_inTheMiddleOfAMessage_isSaid(boolean tcp) throws Exception {
    long pid = parties.a().pid();
    Link link = SocketContract.open(tcp, parties.master(), parties.a());
    try (End near = link.near()) {
      link.far().start(c -> c.sendBytes(new byte[LARGE_BYTES])).awaitWaiting();
      near.run(c -> assertThat(c.poll(LONG)).isTrue());
      parties.a().kill(pid);
      assertThatThrownBy(() -> near.run(Connection::recv))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(EOFException.class)
          .hasMessageContaining("in the middle of a message");
      assertThatThrownBy(() -> near.run(Connection::recv)).isInstanceOf(EOFException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void kill_whileTheOtherSends_failsWithBrokenPipe(boolean tcp) throws Exception {
    long pid = parties.a().pid();
    Link link = SocketContract.open(tcp, parties.master(), parties.a());
    try (End near = link.near()) {
      Begun<Boolean> sender = near.start(c -> c.sendBytes(new byte[LARGE_BYTES]));
      sender.awaitWaiting();
      parties.a().kill(pid);
      assertThat(sender.failure()).isInstanceOf(BrokenPipeException.class);
    }
  }
}
