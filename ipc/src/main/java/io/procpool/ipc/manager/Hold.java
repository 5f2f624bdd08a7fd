// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

/** What handles of an object refer to in their process: as long as one does, the process has the object, and the server keeps it. */
final class Hold {
  /** Of a server itself, which needs none. */
  static final Hold NONE = new Hold();
}
