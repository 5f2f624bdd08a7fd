// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.wire.ToWorker;

/** A unit that has been received: its header and its payload, not decoded yet. */
record Unit(ToWorker.Run run, byte[] payload) {}
