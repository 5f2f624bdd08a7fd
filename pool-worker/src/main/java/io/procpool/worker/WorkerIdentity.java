// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

/** Who this worker is, for messages. */
record WorkerIdentity(String pool, String name, long pid) {}
