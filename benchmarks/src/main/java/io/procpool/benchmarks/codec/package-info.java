// Licensed under the Apache License, Version 2.0; see LICENSE.
/** What encoding and decoding cost, without any process. One class asks one question; its comment ends with the command that answers it. */
@NullMarked
package io.procpool.benchmarks.codec;

import org.jspecify.annotations.NullMarked;
