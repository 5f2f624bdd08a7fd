// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * Counts of a pool at one moment. An input of a map counts as one task. Immutable.
 *
 * @param workersStarting workers that have been spawned and are not ready yet
 * @param workersReady workers that have nothing to do
 * @param workersBusy workers that have a task
 * @param pendingTasks accepted tasks that have not been handed to a worker
 * @param activeTasks tasks handed to a worker, running or prefetched
 * @param completedTasks tasks whose outcome a worker has sent, be it a value, an exception, or that it could not decode them
 * @param lostTasks tasks whose outcome no worker has sent, also because it was killed for a limit or a cancellation; and those that
 *     were interrupted because of a limit and failed, or waited longer than their queue timeout
 * @param cancelledTasks tasks that were cancelled before they began
 * @param spawnedWorkers workers spawned since the pool was opened
 * @param crashedWorkers workers that ended unasked or were killed
 * @param retiredWorkers workers that ended as planned
 * @param minWorkers smallest number of workers, as it was last set
 * @param maxWorkers largest number of workers, as it was last set
 * @param readySpares spares of the pool that wait to become workers
 * @param recycledWorkers those of the {@code retiredWorkers} that were replaced because of the {@link RecyclePolicy}, an OutOfMemoryError or a {@linkplain Pool#refresh() refresh}
 * @param retriedAttempts attempts of tasks that failed and were, or will be, followed by another; none of them counts as lost
 */
public record PoolStatistics(
    int workersStarting,
    int workersReady,
    int workersBusy,
    long pendingTasks,
    long activeTasks,
    long completedTasks,
    long lostTasks,
    long cancelledTasks,
    long spawnedWorkers,
    long crashedWorkers,
    long retiredWorkers,
    int minWorkers,
    int maxWorkers,
    int readySpares,
    long recycledWorkers,
    long retriedAttempts) {}
