// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of the command. */
@org.jspecify.annotations.NullMarked
package io.procpool.master.cli;
