// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

/** Kills a worker's process; its end is reported as any other. */
interface KillSwitch {
  void kill(Worker worker, Worker.Kill reason);
}
