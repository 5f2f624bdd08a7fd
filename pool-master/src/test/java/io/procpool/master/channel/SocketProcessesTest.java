// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.master.sync.Parties;
import io.procpool.master.sync.Share;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The contract of connections over sockets between two processes. */
class SocketProcessesTest {
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
  @Share(1)
  class Unix extends SocketContract {
    @Override
    Parties parties() {
      return parties;
    }

    @Override
    boolean tcp() {
      return false;
    }
  }

  @Nested
  @Share(0)
  class Tcp extends SocketContract {
    @Override
    Parties parties() {
      return parties;
    }

    @Override
    boolean tcp() {
      return true;
    }
  }
}
