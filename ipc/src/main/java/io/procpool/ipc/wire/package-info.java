// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * What the master and a worker say to each other, as {@code procpool.proto} defines it, written and read by hand: the
 * protobuf runtime costs a worker more to load than all the rest of its start (see docs/adr/0009). A test compares each
 * message with the code that protoc generates.
 */
@NullMarked
package io.procpool.ipc.wire;

import org.jspecify.annotations.NullMarked;
