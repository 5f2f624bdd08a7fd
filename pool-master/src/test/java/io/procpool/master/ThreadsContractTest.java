// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master;

import io.procpool.AsyncResultContract;
import io.procpool.Backend;
import io.procpool.PoolImapContract;
import io.procpool.PoolLifeContract;
import io.procpool.PoolLoadContract;
import io.procpool.PoolMapContract;
import io.procpool.PoolOptions;
import io.procpool.PoolOptionsContract;
import io.procpool.PoolSchedulingContract;
import io.procpool.PoolSnapshotContract;
import io.procpool.PoolSubmitContract;
import io.procpool.TaskContextContract;
import org.junit.jupiter.api.Nested;

/** The contract of {@link io.procpool.Pool} on the backend {@code threads}. */
@Backend(PoolOptions.THREADS)
class ThreadsContractTest {
  @Nested
  class Submit extends PoolSubmitContract {}

  @Nested
  class Results extends AsyncResultContract {}

  @Nested
  class Maps extends PoolMapContract {}

  @Nested
  class Imap extends PoolImapContract {}

  @Nested
  class Life extends PoolLifeContract {}

  @Nested
  class Options extends PoolOptionsContract {}

  @Nested
  class Scheduling extends PoolSchedulingContract {}

  @Nested
  class Load extends PoolLoadContract {}

  @Nested
  class Contexts extends TaskContextContract {}

  @Nested
  class Snapshots extends PoolSnapshotContract {}
}
