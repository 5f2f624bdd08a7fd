// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What clients of a manager that are killed, in any state, leave to others: nothing hangs, and what they had is free. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "signals")
class SyncManagerKillTest {
  private static Manager manager;
  private static Parties parties;

  @BeforeAll
  static void open() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
    parties = Parties.ofMortals();
  }

  @AfterAll
  static void close() {
    manager.close();
    parties.close();
  }

  @Nested
  class Locks extends ManagedLockKills {
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
  class Conditions extends ManagedConditionKills {
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
  class Semaphores extends ManagedSemaphoreKills {
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
  class Meetings extends ManagedMeetingKills {
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
