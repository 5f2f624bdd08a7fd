// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;

/** The contracts of locks and the like in the server of a manager. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SyncManagerContracts {
  private Manager manager;
  private Parties parties;

  /** Returns how the server is started. */
  abstract ManagerOptions options();

  /** Opens those who take part. */
  abstract Parties openParties();

  @BeforeAll
  void open() {
    manager = Manager.start(options());
    parties = openParties();
  }

  @AfterAll
  void close() {
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
