// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.master.sync.Parties;
import io.procpool.master.sync.Share;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The contract of connections over sockets in one process. */
class SocketThreadsTest {
  private static Parties parties;
  private static Dawdlers dawdlers;

  @BeforeAll
  static void open() throws Exception {
    parties = Parties.ofThreads();
    SocketContract.warmUp(parties);
    dawdlers = new Dawdlers();
  }

  @AfterAll
  static void close() throws Exception {
    dawdlers.assertGivenUp();
    parties.close();
  }

  @Nested
  @Share(0)
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
  @Share(1)
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
