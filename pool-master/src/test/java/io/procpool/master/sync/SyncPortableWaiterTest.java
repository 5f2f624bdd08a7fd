// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.PoolOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/**
 * Contracts between processes that cannot sleep in the kernel until they are woken, as on systems without futex, and one, the master, that
 * can, where the system has it. Those who differ most in how they wait.
 */
class SyncPortableWaiterTest {
  private static Parties parties;

  @BeforeAll
  static void open() {
    parties = new Parties(PoolOptions.PROCESSES, "-Dprocpool.waiter=park");
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @Nested
  class ReadWriteLocks extends ReadWriteLockContract {
    @Override
    Parties parties() {
      return parties;
    }
  }

  @Nested
  class Conditions extends ConditionContract {
    @Override
    Parties parties() {
      return parties;
    }
  }

  @Nested
  class Events extends EventContract {
    @Override
    Parties parties() {
      return parties;
    }
  }

  @Nested
  class Barriers extends BarrierContract {
    @Override
    Parties parties() {
      return parties;
    }
  }

  @Nested
  class Latches extends LatchContract {
    @Override
    Parties parties() {
      return parties;
    }
  }
}
