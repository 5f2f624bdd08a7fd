// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;

/**
 * Who a process is. Immutable; safe for use by multiple threads.
 *
 * @param name {@code main} for the first process, the name of a child, {@code pool/worker-n} for a worker of a pool
 * @param pid the process id
 * @param isDaemon whether it is a daemon child, or a worker
 * @param isRoot whether procpool has not started it
 */
public record ProcessIdentity(String name, long pid, boolean isDaemon, boolean isRoot)
    implements Serializable {}
