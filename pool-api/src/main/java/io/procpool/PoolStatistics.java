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
 * @param completedTasks tasks that ended with their value or their own exception
 * @param lostTasks tasks that ended with an infrastructure failure
 * @param cancelledTasks tasks that were cancelled
 * @param spawnedWorkers workers spawned since the pool was opened
 * @param crashedWorkers workers that ended unasked or were killed
 * @param retiredWorkers workers that ended as planned
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
    long retiredWorkers) {}
