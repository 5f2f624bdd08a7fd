// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Options of single tasks, for {@link Pool#with(TaskOptions)}: what is left out is as the pool's {@link PoolOptions} say.
 * Immutable; safe for use by multiple threads.
 */
public final class TaskOptions {
  private static final TaskOptions DEFAULTS = new TaskOptions(null, null);

  private final @Nullable String name;
  private final @Nullable Duration timeout;

  private TaskOptions(@Nullable String name, @Nullable Duration timeout) {
    this.name = name;
    this.timeout = timeout;
  }

  /** Returns options that change nothing. */
  public static TaskOptions defaults() {
    return DEFAULTS;
  }

  /** Returns these options with a name for the task, as it stands in messages and events instead of its class. */
  public TaskOptions name(String name) {
    return new TaskOptions(Objects.requireNonNull(name, "name"), timeout);
  }

  /**
   * Returns these options with a run timeout: the time from the start of the task in its worker after which the worker is
   * killed. Zero means none, whatever the pool's option says.
   */
  public TaskOptions timeout(Duration timeout) {
    return new TaskOptions(name, OptionChecks.nonNegative("timeout", timeout));
  }

  /** Returns the name, if one is set. */
  public Optional<String> name() {
    return Optional.ofNullable(name);
  }

  /** Returns the run timeout, if one is set. */
  public Optional<Duration> timeout() {
    return Optional.ofNullable(timeout);
  }
}
