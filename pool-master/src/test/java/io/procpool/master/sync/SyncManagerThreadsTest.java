// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The contracts of locks and the like in the server of a manager, between threads of one process. */
@Tag("stress") // SyncManagerProcessesTest has the same, between processes
class SyncManagerThreadsTest {
  private static Manager manager;
  private static Parties parties;

  @BeforeAll
  static void open() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
    parties = Parties.ofThreads();
  }

  @AfterAll
  static void close() {
    manager.close();
    parties.close();
  }

  @Nested
  class Locks extends LockContract {
    @Override
    protected Parties parties() {
      return parties;
    }

    @Override
    protected Home home() {
      return new ManagerHome(manager);
    }
  }

  @Nested
  class Semaphores extends SemaphoreContract {
    @Override
    protected Parties parties() {
      return parties;
    }

    @Override
    protected Home home() {
      return new ManagerHome(manager);
    }
  }

  @Nested
  class Conditions extends ConditionContract {
    @Override
    protected Parties parties() {
      return parties;
    }

    @Override
    protected Home home() {
      return new ManagerHome(manager);
    }
  }

  @Nested
  class Events extends EventContract {
    @Override
    protected Parties parties() {
      return parties;
    }

    @Override
    protected Home home() {
      return new ManagerHome(manager);
    }
  }

  @Nested
  class Barriers extends BarrierContract {
    @Override
    protected Parties parties() {
      return parties;
    }

    @Override
    protected Home home() {
      return new ManagerHome(manager);
    }
  }

  @Nested
  class Latches extends LatchContract {
    @Override
    protected Parties parties() {
      return parties;
    }

    @Override
    protected Home home() {
      return new ManagerHome(manager);
    }
  }

  @Nested
  class Handles extends HandleContract {
    @Override
    protected Parties parties() {
      return parties;
    }

    @Override
    protected Home home() {
      return new ManagerHome(manager);
    }
  }
}
