// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import io.procpool.master.sync.Parties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The contract of pipes between two processes. */
class PipeProcessesTest {
  private static Parties parties;

  @BeforeAll
  static void open() throws Exception {
    parties = Parties.ofProcesses();
    SocketContract.warmUp(parties);
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @Nested
  class Duplex extends ConnectionContract {
    @Override
    Parties parties() {
      return parties;
    }

    @Override
    Link open() throws Exception {
      Pipe pipe = Pipe.duplex();
      try (Connection second = pipe.second()) {
        End far = new End(parties.a(), parties.a().call(() -> End.hold(second)));
        return new Link(new End(parties.master(), End.hold(pipe.first())), far);
      }
    }
  }
}
