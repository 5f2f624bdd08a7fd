// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.channel.Pipe;
import io.procpool.master.sync.Parties;
import io.procpool.master.sync.Share;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The contract of pipes in one process. */
@Share(0)
class PipeThreadsTest {
  private static Parties parties;

  @BeforeAll
  static void open() throws Exception {
    parties = Parties.ofThreads();
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
      End far = new End(parties.a(), End.hold(pipe.second())); // the same process
      return new Link(new End(parties.master(), End.hold(pipe.first())), far);
    }
  }
}
