// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.master.sync.Parties;
import io.procpool.master.sync.Share;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** Queues and pipes between threads of one process. */
@Share(0)
class ChannelThreadsTest {
  private static Parties parties;

  @BeforeAll
  static void open() {
    parties = Parties.ofThreads();
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @Nested
  class Queues extends QueueContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Pipes extends PipeContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }
}
