// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Fault tests of worker processes: what is done to a worker, its master or its files, and that nothing hangs, is lost or is
 * left behind. Start at {@code CrashMatrixTest}; {@code Faults} is what the tests share.
 */
package io.procpool.master.process;
