// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import io.procpool.TaskProgress;
import io.procpool.WorkerOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Collects the outcomes of a broadcast, still encoded, until all are there. Safe for use by multiple threads. */
final class BroadcastCollector extends Completion {
  private final List<Engine.Target> targets;
  private final AtomicReferenceArray<@Nullable ResultBlock> blocks;
  private final AtomicInteger missing;
  private final Consumer<Completion> whenComplete;

  BroadcastCollector(List<Engine.Target> targets, Consumer<Completion> whenComplete) {
    this.targets = targets;
    this.blocks = new AtomicReferenceArray<>(targets.size());
    this.missing = new AtomicInteger(targets.size());
    this.whenComplete = whenComplete;
  }

  /** Returns how many workers are through. */
  TaskProgress progress() {
    int count = targets.size();
    int over = count - missing.get();
    return new TaskProgress(count == 0 ? 1 : (double) over / count, over + " of " + count);
  }

  /** Takes the outcome of one of the workers, by its place in the list. */
  void accept(int target, ResultBlock block) {
    blocks.set(target, block);
    if (missing.decrementAndGet() == 0) {
      whenComplete.accept(this);
    }
  }

  @Override
  Outcome<@Nullable Object> decode() {
    List<WorkerOutcome<@Nullable Object>> outcomes = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      String worker = targets.get(i).name();
      ResultBlock block = blocks.get(i);
      if (block != null) {
        block.decode(new ResultBlock.Visitor() {
          @Override
          public void value(int item, @Nullable Object value) {
            outcomes.add(new WorkerOutcome<>(worker, value, null));
          }

          @Override
          public void error(int item, Throwable error) {
            outcomes.add(new WorkerOutcome<>(worker, null, error));
          }
        });
      }
    }
    return new Outcome<>(0, List.copyOf(outcomes), null);
  }
}
