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
    Duration timeoutGrace;

    @Nullable
    Duration queueTimeout;

    @Nullable
    Duration stallTimeout;

    @Nullable
    Long maxRssBytes;

    @Nullable
    Long maxHeapBytes;

    @Nullable
    Integer priority;

    @Nullable
    String submitter;

    @Nullable
    Integer weight;

    @Nullable
    String key;

    @Nullable
    RetryPolicy retries;

    Settings() {}

    /** Takes each setting from the first, or, where that has none, from the second. */
    Settings(Settings first, Settings second) {
      name = first(first.name, second.name);
      timeout = first(first.timeout, second.timeout);
      timeoutGrace = first(first.timeoutGrace, second.timeoutGrace);
      queueTimeout = first(first.queueTimeout, second.queueTimeout);
      stallTimeout = first(first.stallTimeout, second.stallTimeout);
      maxRssBytes = first(first.maxRssBytes, second.maxRssBytes);
      maxHeapBytes = first(first.maxHeapBytes, second.maxHeapBytes);
      priority = first(first.priority, second.priority);
      submitter = first(first.submitter, second.submitter);
      weight = first.submitter != null ? first.weight : second.weight;
      key = first(first.key, second.key);
      retries = first(first.retries, second.retries);
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
   * Returns these options with a run timeout: the time from the start of the task in its worker after which the task fails with a
   * {@link TaskTimeoutException} and its worker is killed, with the processes that the task has started; {@link #timeoutGrace} puts an interrupt before the
   * kill. Each input of a map has this time for itself. Zero means none, whatever the pool's defaults say.
   */
  public TaskOptions timeout(Duration timeout) {
    Duration checked = OptionChecks.nonNegative("timeout", timeout);
    return with(changed -> changed.timeout = checked);
  }

  /**
   * Returns these options with a grace period between a run or stall timeout and the kill. When the timeout is over, the task's thread is interrupted; when the
   * grace is over too, its worker is killed. A task that ends in between with a value keeps it; one that ends with an exception fails with the
   * {@link TaskTimeoutException} or {@link TaskStalledException}, whose cause is that exception, and its worker lives on. The interrupt reaches no other task. Zero
   * is the default: the worker is killed at once.
   */
  public TaskOptions timeoutGrace(Duration timeoutGrace) {
    Duration checked = OptionChecks.nonNegative("timeoutGrace", timeoutGrace);
    return with(changed -> changed.timeoutGrace = checked);
  }

  /**
   * Returns these options with a queue timeout: a task that has not begun within this time of being accepted never runs, and fails with a
   * {@link QueueTimeoutException}. The time of each input of a map begins when it is submitted, that of a scheduled task when it is due. Zero means none, whatever
   * the pool's defaults say. A task of the backend {@code inline} never waits.
   */
  public TaskOptions queueTimeout(Duration queueTimeout) {
    Duration checked = OptionChecks.nonNegative("queueTimeout", queueTimeout);
    return with(changed -> changed.queueTimeout = checked);
  }

  /**
   * Returns these options with a stall timeout: a task that has reported no {@linkplain TaskContext#progress progress} for this time, since its start or its last
   * report, fails with a {@link TaskStalledException} and its worker is killed, after {@link #timeoutGrace} as with a run timeout. Zero means none, whatever the
   * pool's defaults say.
   */
  public TaskOptions stallTimeout(Duration stallTimeout) {
    Duration checked = OptionChecks.nonNegative("stallTimeout", stallTimeout);
    return with(changed -> changed.stallTimeout = checked);
  }

  /**
   * Returns these options with a limit for the resident memory of the worker's process, in bytes, shared libraries and what earlier tasks have left included. It
   * is looked at every 25 ms while the task runs; above the limit the worker is killed and the task fails with a {@link MemoryLimitException}. Zero means none,
   * whatever the pool's defaults say.
   *
   * @param maxRssBytes 0, or 16 MiB or more
   */
  public TaskOptions maxRssBytes(long maxRssBytes) {
    long checked = OptionChecks.maxRssBytes(maxRssBytes);
    return with(changed -> changed.maxRssBytes = checked);
  }

  /**
   * Returns these options with a limit for what is in use of the worker's heap while the task runs, in bytes, what earlier tasks have left included. Garbage
   * does not count: above the limit the worker first collects it, which stops the task for as long as that takes; at most a tenth of the time goes there.
   * If that does not help, the worker is killed and the task fails with a {@link MemoryLimitException}. A task of some milliseconds may end before that is found
   * out; against what such tasks leave behind there is {@link RecyclePolicy#maxHeapBytesAfterGc}. Zero means none, whatever the pool's defaults say.
   *
   * @param maxHeapBytes 0, or 2 MiB or more, and below the heap that the workers of the pool have
   */
  public TaskOptions maxHeapBytes(long maxHeapBytes) {
    long checked = OptionChecks.taskHeapBytes(maxHeapBytes);
    return with(changed -> changed.maxHeapBytes = checked);
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

  /**
   * Returns these options with retries: a task that had begun and was not let end is run again, as the policy says. It waits for that as long as its back-off takes, and is next then among its equals; tasks of the same
   * {@linkplain #key key} that come after it wait, too. Each attempt has the {@linkplain #timeout limits} of the task for itself, but not the {@link #queueTimeout}, which ends when a task has begun for the first time. Until its last
   * attempt is over the task counts as pending. It can be cancelled at any time. {@link Pool#close()} waits for it; {@link Pool#shutdownNow()} ends it with the failure of its last attempt. A task of a
   * {@linkplain Pool#broadcast broadcast} is not run again: its worker is gone, or has had its turn.
   */
  public TaskOptions retries(RetryPolicy retries) {
    Objects.requireNonNull(retries, "retries");
    return with(changed -> changed.retries = retries);
  }

  /** Returns the name, if one is set. */
  public Optional<String> name() {
    return Optional.ofNullable(settings.name);
  }

  /** Returns the run timeout, if one is set. */
  public Optional<Duration> timeout() {
    return Optional.ofNullable(settings.timeout);
  }

  /** Returns the grace period between a timeout and the kill, if one is set. */
  public Optional<Duration> timeoutGrace() {
    return Optional.ofNullable(settings.timeoutGrace);
  }

  /** Returns the queue timeout, if one is set. */
  public Optional<Duration> queueTimeout() {
    return Optional.ofNullable(settings.queueTimeout);
  }

  /** Returns the stall timeout, if one is set. */
  public Optional<Duration> stallTimeout() {
    return Optional.ofNullable(settings.stallTimeout);
  }

  /** Returns the limit for resident memory in bytes, if one is set. */
  public Optional<Long> maxRssBytes() {
    return Optional.ofNullable(settings.maxRssBytes);
  }

  /** Returns the limit for the heap in use in bytes, if one is set. */
  public Optional<Long> maxHeapBytes() {
    return Optional.ofNullable(settings.maxHeapBytes);
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

  /** Returns how the tasks are retried, if that is set. */
  public Optional<RetryPolicy> retries() {
    return Optional.ofNullable(settings.retries);
  }
}
