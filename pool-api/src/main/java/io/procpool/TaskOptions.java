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
  /** The number of groups of keys that one pool deals out to its workers. */
  public static final int KEY_GROUPS = 4096;

  private static final int MAX_WEIGHT = 1000;
  private static final TaskOptions DEFAULTS = new TaskOptions(new Settings());

  /** What is set; null where nothing is. Not changed once it is in use. */
  private static final class Settings {
    @Nullable
    String name;

    @Nullable
    Duration timeout;

    @Nullable
    Integer priority;

    @Nullable
    String submitter;

    @Nullable
    Integer weight;

    @Nullable
    String key;

    Settings() {}

    /** Takes each setting from the first, or, where that has none, from the second. */
    Settings(Settings first, Settings second) {
      name = first(first.name, second.name);
      timeout = first(first.timeout, second.timeout);
      priority = first(first.priority, second.priority);
      submitter = first(first.submitter, second.submitter);
      weight = first.submitter != null ? first.weight : second.weight;
      key = first(first.key, second.key);
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

  /**
   * Returns these options with a priority: what has a higher one is begun first, whenever it was submitted; equals in the order of their
   * submission. Without one it is 0. What runs goes on to its end (of a map: the input that runs). As long as there is something with a higher priority,
   * nothing with a lower one is begun: if that never ends, it waits for ever, unless its {@linkplain #timeout limits} say otherwise.
   * While tasks of several priorities are about, no task waits inside a worker behind the running one.
   */
  public TaskOptions priority(int priority) {
    return with(changed -> changed.priority = priority);
  }

  /** As {@link #submitter(String, int)}, with a weight of 1. */
  public TaskOptions submitter(String name) {
    return submitter(name, 1);
  }

  /**
   * Returns these options with the name of who submits the tasks. Submitters take turns: among tasks of equal priority that of the one is next whose tasks
   * have had the least of the workers' time since all of them have been waiting, so that a million tasks of one do not keep the others waiting. Tasks of the same
   * submitter are begun in the order of their submission, and all tasks without a submitter count as those of one.
   *
   * @param name any text that is not empty
   * @param weight how many times the share of a submitter of weight 1 it gets, 1 to 1000; the last one given holds
   */
  public TaskOptions submitter(String name, int weight) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("submitter: \"\" (expected: a name that is not empty)");
    }
    int checked = OptionChecks.inRange("weight", weight, 1, MAX_WEIGHT);
    return with(changed -> {
      changed.submitter = name;
      changed.weight = checked;
    });
  }

  /**
   * Returns these options with a key: tasks of the same key run on the same worker as long as it lives, one after the other and in the order of their submission
   * (as far as their priorities and submitters are equal). So they find there what the ones before have left: a {@link WorkerLocal}, a cache, an open file. If that
   * worker ends, whatever the reason, another one gets the key, once nothing of it runs any more.
   *
   * <p>Keys are dealt out to the workers in groups, {@value #KEY_GROUPS} of them, by their hash codes; each new group goes to the worker with the fewest. A task with a key waits for its
   * worker though others may have nothing to do; tasks without a key do not wait for it.
   */
  public TaskOptions key(String key) {
    Objects.requireNonNull(key, "key");
    return with(changed -> changed.key = key);
  }

  /** Returns the name, if one is set. */
  public Optional<String> name() {
    return Optional.ofNullable(settings.name);
  }

  /** Returns the run timeout, if one is set. */
  public Optional<Duration> timeout() {
    return Optional.ofNullable(settings.timeout);
  }

  /** Returns the priority, if one is set. */
  public Optional<Integer> priority() {
    return Optional.ofNullable(settings.priority);
  }

  /** Returns the name of the submitter, if one is set. */
  public Optional<String> submitter() {
    return Optional.ofNullable(settings.submitter);
  }

  /** Returns the weight of the submitter, if one is set. */
  public Optional<Integer> weight() {
    return Optional.ofNullable(settings.weight);
  }

  /** Returns the key, if one is set. */
  public Optional<String> key() {
    return Optional.ofNullable(settings.key);
  }
}
