// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

/** What an interrupt does to a call that waits for its reply. */
enum OnInterrupt {
  /** The server is told, and its answer waited for; after some seconds without one it is not known whether the call has had an effect. */
  GIVE_UP,

  /** The server is told, and its answer waited for, so that it is always known whether the call has had an effect. */
  CANCEL,

  /** It is kept for later. */
  KEEP
}
