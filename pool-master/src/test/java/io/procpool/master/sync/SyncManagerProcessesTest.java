// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.manager.ManagerOptions;

/** The contracts of locks and the like in the server of a manager, between processes. */
@Share(1)
class SyncManagerProcessesTest extends SyncManagerContracts {
  @Override
  ManagerOptions options() {
    return ManagerOptions.builder().hosted(false).build();
  }

  @Override
  Parties openParties() {
    return Parties.ofProcesses();
  }
}
