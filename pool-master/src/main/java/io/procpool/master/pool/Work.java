// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.RetryPolicy;
import io.procpool.TaskOptions;
import io.procpool.TaskProgress;
import io.procpool.WorkerSnapshot.CurrentTask;
import io.procpool.ipc.RunningTask;
import io.procpool.master.flight.Flight;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One function and its inputs, as accepted by the pool. The engine reports each item exactly once to the sink. */
public final class Work {
  private final long taskId;
  private final Terms terms;
  private final Engine.Inputs inputs;
  private final Batching batching;
  private final Consumer<ResultBlock> sink;
  private long
      acceptedNanos; // 0 until the engine knows of it, or it is submitted with a limit for its wait
  private int reported; // the engine's thread only
  private volatile boolean cancelled;
  private volatile @Nullable Object placement;
  private @Nullable Object attempts; // the engine's thread only
  private @Nullable Object target; // not changed once it is submitted

  /**
   * Describes work.
   *
   * @param taskId number of the first item; the others follow
   * @param terms what holds for each item
   * @param sink takes outcomes, in any thread, and must neither block nor throw
   */
  Work(
      long taskId,
      Terms terms,
      Engine.Inputs inputs,
      Batching batching,
      Consumer<ResultBlock> sink) {
    this.taskId = taskId;
    this.terms = terms;
    this.inputs = inputs;
    this.batching = batching;
    this.sink = sink;
  }

  /** Returns the number of an item, unique in the pool. */
  public long taskId(int item) {
    return taskId + item;
  }

  /** Returns the name the caller gave, else the class of the function, for messages. */
  public String name() {
    return terms
        .options()
        .name()
        .orElseGet(() -> RunningTask.nameOf(inputs.function().getClass()));
  }

  /** Returns what holds for each item, the pool's defaults filled in. */
  public TaskOptions options() {
    return terms.options();
  }

  /** Returns the place of an item among the inputs of its map, from 0; -1 if it is a task by itself. */
  public long input(int item) {
    return batching.firstInput() < 0 ? -1 : batching.firstInput() + item;
  }

  /** Returns the inputs. */
  public Engine.Inputs inputs() {
    return inputs;
  }

  /** Returns the number of items. */
  public int count() {
    return inputs.count();
  }

  /** Returns how many items travel together; zero for as many as measured time suggests. */
  public int chunkSize() {
    return batching.chunkSize();
  }

  /** Returns how items are run again; null if they never are. */
  public @Nullable RetryPolicy retryPolicy() {
    return terms.retryPolicy();
  }

  /** Tells whether an item may be run again whose worker lives on: it was interrupted because of a limit. */
  public boolean isRetriedAfterInterrupt() {
    Limits limits = terms.limits();
    return terms.retryPolicy() != null && limits.graceNanos() > 0 && limits.isTimed();
  }

  /** Returns what the engine has noted about attempts that have failed. */
  public @Nullable Object attempts() {
    return attempts;
  }

  /** Notes something about attempts that have failed. */
  public void attempts(Object noted) {
    attempts = noted;
  }

  /** Returns the limits of each item. */
  public Limits limits() {
    return terms.limits();
  }

  /** The time in the queue begins now. */
  void accepted() {
    if (terms.limits().queueNanos() > 0 || Flight.isOn()) {
      acceptedNanos = System.nanoTime();
    }
  }

  /** The engine has got the work: its time in the queue began now, unless that is known better. */
  public void arrived(long nanos) {
    if (acceptedNanos == 0) {
      acceptedNanos = nanos;
    }
  }

  /** Returns when the time in the queue began; exactly if there is a limit for it. */
  public long acceptedNanos() {
    return acceptedNanos;
  }

  /** Returns the priority; what has a higher one goes first. */
  public int priority() {
    return terms.priority();
  }

  /** Returns the name of who has submitted it; empty if that was not said. */
  public String submitter() {
    return terms.submitter();
  }

  int weight() {
    return terms.options().weight().orElse(1);
  }

  /** Describes an item that runs. */
  public CurrentTask running(
      int item, int attempt, Duration runTime, Optional<TaskProgress> progress) {
    return new CurrentTask(
        taskId(item),
        input(item),
        name(),
        attempt,
        runTime,
        progress,
        terms.priority(),
        terms.options().submitter(),
        terms.options().key());
  }

  /** Describes items for the flight recorder. */
  public Flight.Task flight(int item, int count) {
    return new Flight.Task(
        taskId(item), name(), count, terms.priority(), terms.submitter(), acceptedNanos);
  }

  /** Tells whether it has neither a priority nor a submitter. */
  public boolean isPlain() {
    return terms.isPlain();
  }

  /** Tells whether one of two works goes before the other only because it came before. */
  public boolean isInLineWith(Work other) {
    return terms == other.terms
        || terms.priority() == other.terms.priority()
            && terms.submitter().equals(other.terms.submitter());
  }

  /** Tells whether it has a key. */
  public boolean hasKey() {
    return terms.key() != null;
  }

  /** Returns the key. */
  public String key() {
    return Objects.requireNonNull(terms.key());
  }

  /** Tells whether not every worker may run it. */
  public boolean isBound() {
    return target != null || terms.key() != null;
  }

  /** Returns the one worker that may run it, as the engine names it; null if that is not given. */
  public @Nullable Object target() {
    return target;
  }

  /** Says that only one worker may run it. */
  void target(Object worker) {
    target = worker;
  }

  /** Returns the estimate that batches of this work are formed by. */
  public ItemTime itemTime() {
    return batching.itemTime();
  }

  /** Reports the outcomes of some items. */
  public void report(ResultBlock block) {
    sink.accept(block);
  }

  /** Counts items as reported, for an engine that reports in one thread; returns how many have been in all. */
  public int countReported(int items) {
    reported += items;
    return reported;
  }

  /** Tells whether the work was cancelled. */
  public boolean isCancelled() {
    return cancelled;
  }

  void markCancelled() {
    cancelled = true;
  }

  /** Returns where the engine has put this work last; the engine's own note. */
  public @Nullable Object placement() {
    return placement;
  }

  /** Notes where this work is. */
  public void placement(@Nullable Object placement) {
    this.placement = placement;
  }
}
