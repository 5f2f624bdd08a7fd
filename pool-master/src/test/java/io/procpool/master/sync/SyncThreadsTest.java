// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The contracts of locks and the like between threads of one process. */
@Share(0)
class SyncThreadsTest {
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
  class Locks extends LockContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class ReadWriteLocks extends ReadWriteLockContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Semaphores extends SemaphoreContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Conditions extends ConditionContract {
    @Override
    protected Parties parties() {
      return parties;
    }
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

  @Nested
  class Handles extends HandleContract {
    @Override
    protected Parties parties() {
      return parties;
    }
  }
}
