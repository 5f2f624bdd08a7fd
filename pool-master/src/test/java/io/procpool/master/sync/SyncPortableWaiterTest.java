// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/**
 * Contracts between processes that cannot sleep in the kernel until they are woken, as on systems without futex, and one, the master, that
 * can, where the system has it: those in which many are woken at a time.
 */
class SyncPortableWaiterTest {
  private static Parties parties;

  @BeforeAll
  static void open() {
    parties = Parties.ofProcesses("-Dprocpool.waiter=park");
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @Nested
  class Events extends EventContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Barriers extends BarrierContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Latches extends LatchContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }
}
