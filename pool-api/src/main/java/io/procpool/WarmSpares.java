// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.spi.ChildProcesses;
import java.time.Duration;

/**
 * JVMs that have been started ahead. A child, or a worker of a pool, that is started with the same JVM options adopts one, and is
 * there in about a millisecond; without a spare that fits it is started as ever. There are none by default.
 *
 * <pre>{@code
 * try (WarmSpares spares = WarmSpares.keep(2)) {
 *   spares.awaitReady(Duration.ofSeconds(10));
 *   ChildProcess.start(task).join();              // a spare runs it, and another one is started in its place
 * }
 * }</pre>
 *
 * <p>What has to be equal: the {@code java} program, heap, JVM flags, environment, working directory, class path with the jars on it
 * unchanged, and where standard output goes. Each spare takes the memory of an idle JVM: 44 MB resident on JDK 17, 54 MB on JDK 25. One that dies is replaced, later and later if
 * that happens again and again. Spares end with this process, however it ends. Several sets may be kept at once.
 *
 * <p>Safe for use by multiple threads.
 */
public interface WarmSpares extends AutoCloseable {
  /** Keeps spares for children and workers with default options. Does not wait for them. */
  static WarmSpares keep(int count) {
    return keep(SpareOptions.builder().count(count).build());
  }

  /**
   * Keeps spares. Does not wait for them, and does not say whether they can be started: {@link #statistics()} does, and the log.
   *
   * @throws IllegalArgumentException naming an option that this machine cannot honour
   */
  static WarmSpares keep(SpareOptions options) {
    return ChildProcesses.installed().keepSpares(options);
  }

  /** Returns the options in force. */
  SpareOptions options();

  /**
   * Waits until all spares are ready.
   *
   * @return false if they were not within the timeout, or the set is closed
   * @throws InterruptedException if the caller is interrupted
   */
  boolean awaitReady(Duration timeout) throws InterruptedException;

  /** Returns how the spares fare. */
  SpareStatistics statistics();

  /** Ends the spares that are left, and waits until their processes are gone. What has adopted one is not concerned. Closing twice has no effect. */
  @Override
  void close();
}
