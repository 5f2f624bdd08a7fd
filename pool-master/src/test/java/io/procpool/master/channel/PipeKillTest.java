// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.Pool;
import io.procpool.channel.BrokenPipeException;
import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.master.process.Faults;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.KillContract;
import io.procpool.master.sync.Parties;
import java.io.EOFException;
import java.io.Serializable;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that are killed with ends of pipes, and at each step of sending and receiving. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "signals")
class PipeKillTest extends KillContract {
  private static Parties parties;

  @BeforeAll
  static void open() {
    parties = Parties.ofMortals();
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @Override
  protected Parties parties() {
    return parties;
  }

  /** The message is not there, and the stream is in step; the other one goes on until it has received the rest. */
  @ParameterizedTest
  @ValueSource(strings = {"ring.written", "ring.grown"})
  void senderKilled_beforeItIsSent_endAfterTheRest(String step) throws Exception {
    Pipe pipe = Pipe.duplex();
    Connection far = pipe.second();
    a().run(() -> {
      far.sendBytes(new byte[60_000]);
      far.sendBytes(new byte[60_001]);
    });
    stopAt(step, () -> far.sendBytes(new byte[60_002]));
    far.close();
    assertThat(pipe.first().recvBytes()).hasSize(60_000);
    assertThat(pipe.first().recvBytes()).hasSize(60_001);
    Begun<Object> receiving = b().begin(new Near(pipe.first())::recv).assertWaits();
    kill();
    assertThat(receiving.failure()).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> pipe.first().send(1)).isInstanceOf(BrokenPipeException.class);
    pipe.close();
  }

  /** It was sent, and arrives. */
  @Test
  void senderKilled_afterItIsSent_arrives() throws Exception {
    Pipe pipe = Pipe.duplex();
    Connection far = pipe.second();
    Begun<Object> receiving = b().begin(new Near(pipe.first())::recv).assertWaits();
    stopAt("ring.put", () -> far.send("sent"));
    far.close();
    assertThat(receiving.value()).isEqualTo("sent");
    kill();
    assertThatThrownBy(pipe.first()::recv).isInstanceOf(EOFException.class);
    pipe.close();
  }

  /** Another reader of the same end gets what the killed one had not taken yet. */
  @ParameterizedTest
  @ValueSource(strings = {"ring.copied", "ring.taken"})
  void receiverKilled_atMostThatMessageIsLost(String step) throws Exception {
    try (Pipe pipe = Pipe.oneWay()) {
      Connection in = pipe.first();
      pipe.second().send(1);
      pipe.second().send(2);
      stopAt(step, in::recv);
      kill();
      assertThat(in.recv()).isEqualTo(step.equals("ring.copied") ? 1 : 2);
      pipe.second().send(3);
      Object next = b().call(in::recv);
      assertThat(next).isEqualTo(step.equals("ring.copied") ? 2 : 3);
    }
  }

  /** Who waits for room, or for a message, is told when the last holder of the other end is killed, and not before. */
  @Test
  void lastHolderKilled_waitsEnd() throws Exception {
    Pipe receiving = Pipe.duplex();
    Pipe sending = Pipe.duplex(1024);
    Connection one = receiving.second();
    Connection two = sending.second();
    a().run(() -> {
      Held.put("one", one);
      Held.put("two", two);
    });
    receiving.second().close();
    sending.second().close();
    Begun<Object> recv = b().begin(new Near(receiving.first())::recv);
    Begun<Boolean> send = b().start(new Near(sending.first())::sendForEver);
    recv.assertWaits();
    send.assertWaits();
    kill();
    assertThat(recv.failure()).isInstanceOf(EOFException.class);
    assertThat(send.failure()).isInstanceOf(BrokenPipeException.class);
    receiving.close();
    sending.close();
  }

  /** One that exits lets go, too. */
  @Test
  void lastHolderExits_endOfFile() throws Exception {
    Pipe pipe = Pipe.duplex();
    Connection far = pipe.second();
    try (Pool pool = Pool.open(Faults.options("exits").workers(1).build())) {
      pool.apply(() -> {
        Held.put("far", far);
        far.send("last");
        return true;
      });
      far.close();
      assertThat(pipe.first().recv()).isEqualTo("last");
      assertThat(pipe.first().poll()).isFalse();
    }
    assertThatThrownBy(pipe.first()::recv).isInstanceOf(EOFException.class);
    pipe.close();
  }

  /** An end that is on its way counts for the one who sent it, and goes with him. */
  @Test
  void senderOfAnEndKilled_endOnItsWayIsNotHeld() throws Exception {
    try (ProcessQueue<Connection> queue = ProcessQueue.unbounded()) {
      Pipe pipe = Pipe.duplex();
      Connection far = pipe.second();
      a().run(() -> {
        queue.put(far);
        far.close();
      });
      far.close();
      Begun<Object> receiving = b().begin(new Near(pipe.first())::recv).assertWaits();
      kill();
      assertThat(receiving.failure()).isInstanceOf(EOFException.class);
      pipe.close();
      queue.clear();
    }
  }

  /** One that arrived lives on when its sender is killed. */
  @Test
  void senderOfAnEndKilled_afterItArrived_isHeld() throws Exception {
    Pipe pipe = Pipe.duplex();
    Connection far = pipe.second();
    Pipe carrier = Pipe.oneWay();
    Connection out = carrier.second();
    a().run(() -> {
      out.send(far);
      far.close();
    });
    far.close();
    Connection arrived = (Connection) carrier.first().recv();
    kill();
    arrived.send("still here");
    assertThat(pipe.first().recv()).isEqualTo("still here");
    arrived.close();
    assertThatThrownBy(pipe.first()::recv).isInstanceOf(EOFException.class);
    pipe.close();
    carrier.close();
  }

  /** Nobody was left to give the memory back: the next ones who need some do. What somebody holds, or has sent, they leave alone. */
  @Test
  void lastHolderKilled_memoryIsGivenBackLater() throws Exception {
    Set<String> before = Segments.now();
    Pipe abandoned = sentOne("abandoned");
    a().run(new BothEnds("abandoned", abandoned.first(), abandoned.second())::hold);
    abandoned.close();
    Set<String> gone = Segments.since(before);
    Pipe held = sentOne("held");
    b().run(new BothEnds("held", held.first(), held.second())::hold);
    held.close();
    Pipe sent = sentOne("sent");
    Pipe carrier = Pipe.oneWay();
    b().run(new Sender(carrier.second(), sent.first(), sent.second())::send);
    sent.close();
    b().run(System::gc); // what has sent an end holds the pipe a little longer
    assertThat(gone).isNotEmpty();

    kill();

    Faults.awaitLong("memory of the abandoned pipe to be given back").until(() -> {
      Pipe.oneWay().close();
      return Segments.now().stream().noneMatch(gone::contains);
    });
    b().run(() -> {
      assertThat(Held.of("held 1").recv()).isEqualTo("held");
      Held.close("held 1");
      Held.close("held 2");
    });
    try (Connection arrived = (Connection) carrier.first().recv()) {
      assertThat(arrived.recv()).isEqualTo("sent");
    }
    carrier.close();
  }

  private static Pipe sentOne(String text) throws Exception {
    Pipe pipe = Pipe.duplex();
    pipe.second().send(text);
    return pipe;
  }

  /** Sends one end of a pipe, and closes both: then nobody holds the pipe until the end arrives. */
  private record Sender(Connection carrier, Connection one, Connection two)
      implements Serializable {
    void send() throws Exception {
      carrier.send(one);
      one.close();
      two.close();
    }
  }

  /** Both ends of a pipe, which whoever holds them can find. */
  private record BothEnds(String name, Connection one, Connection two) implements Serializable {
    void hold() {
      Held.put(name + " 1", one);
      Held.put(name + " 2", two);
    }
  }

  /** Holds an end, which it closes when it is through. */
  private record Near(Connection end) implements Serializable {
    Object recv() throws Exception {
      try (end) {
        return end.recv();
      }
    }

    void sendForEver() throws Exception {
      try (end) {
        while (true) {
          end.send("x");
        }
      }
    }
  }
}
