// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What processes that are killed, at any step, leave to others: nothing hangs, nothing is lost but what they had. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "signals")
class SyncKillTest {
  private static Parties parties;

  @BeforeAll
  static void open() {
    parties = Parties.ofMortals();
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @Nested
  class Locks extends LockKills {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class ReadWriteLocks extends ReadWriteLockKills {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Semaphores extends SemaphoreKills {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Conditions extends ConditionKills {
    @Override
    protected Parties parties() {
      return parties;
    }
  }

  @Nested
  class Meetings extends MeetingKills {
    @Override
    protected Parties parties() {
      return parties;
    }
  }
}
