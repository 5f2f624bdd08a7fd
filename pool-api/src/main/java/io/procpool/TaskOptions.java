// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Options of tasks: of some, for {@link Pool#with(TaskOptions)}, or of all that say nothing else, for
 * {@link PoolOptions.Builder#taskDefaults}. Immutable; safe for use by multiple threads.
 */
public final class TaskOptions {
  private static final TaskOptions DEFAULTS = new TaskOptions(new Settings());

  /** What is set; null where nothing is. Not changed once it is in use. */
  private static final class Settings {
    @Nullable
    String name;

    @Nullable
    Duration timeout;

    Settings() {}

    /** Takes each setting from the first, or, where that has none, from the second. */
    Settings(Settings first, Settings second) {
      name = first(first.name, second.name);
      timeout = first(first.timeout, second.timeout);
    }

    private static <T> @Nullable T first(@Nullable T first, @Nullable T second) {
      return first != null ? first : second;
    }
  }

  private final Settings settings;

  private TaskOptions(Settings settings) {
    this.settings = settings;
  }

  /** Returns options of which none is set. */
  public static TaskOptions defaults() {
    return DEFAULTS;
  }

  private TaskOptions with(Consumer<Settings> change) {
    Settings changed = new Settings(settings, settings);
    change.accept(changed);
    return new TaskOptions(changed);
  }

  /** Returns these options, and those of others where these have none. */
  public TaskOptions over(TaskOptions others) {
    return new TaskOptions(new Settings(settings, others.settings));
  }

  /** Returns these options with a name for the task, as it stands in messages and events instead of its class. */
  public TaskOptions name(String name) {
    Objects.requireNonNull(name, "name");
    return with(changed -> changed.name = name);
  }

  /**
   * Returns these options with a run timeout: the time from the start of the task in its worker after which the worker is killed and the task fails with a
   * {@link TaskTimeoutException}. Zero means none, whatever the pool's defaults say.
   */
  public TaskOptions timeout(Duration timeout) {
    Duration checked = OptionChecks.nonNegative("timeout", timeout);
    return with(changed -> changed.timeout = checked);
  }

  /** Returns the name, if one is set. */
  public Optional<String> name() {
    return Optional.ofNullable(settings.name);
  }

  /** Returns the run timeout, if one is set. */
  public Optional<Duration> timeout() {
    return Optional.ofNullable(settings.timeout);
  }
}
