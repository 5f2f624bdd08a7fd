// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import io.procpool.TaskProgress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Collects the outcomes of a map, still encoded, until all are there. Safe for use by multiple threads. */
final class MapCollector extends Completion implements Consumer<ResultBlock> {
  private static final int MAX_SUPPRESSED = 10;

  private final List<ResultBlock> blocks = new ArrayList<>(); // guarded by itself
  private final Consumer<Completion> whenComplete;
  private final int count;
  private int missing; // guarded by blocks
  private boolean awaited; // somebody waits for blocks; guarded by blocks
  private final Values
      values; // one thread at a time: who decodes while waiting, then who holds this

  MapCollector(int count, Consumer<Completion> whenComplete) {
    this.count = count;
    this.missing = count;
    this.whenComplete = whenComplete;
    this.values = new Values(count);
  }

  @Override
  public void accept(ResultBlock block) {
    boolean last;
    synchronized (blocks) {
      blocks.add(block);
      missing -= block.count();
      last = missing == 0;
      if (awaited) {
        blocks.notifyAll();
      }
    }
    if (last) {
      whenComplete.accept(this);
    }
  }

  /** Returns how many items are over. */
  TaskProgress progress() {
    int over;
    synchronized (blocks) {
      over = count - missing;
    }
    return new TaskProgress(count == 0 ? 1 : (double) over / count, over + " of " + count);
  }

  /**
   * Decodes outcomes as they come, in the calling thread, until all are there. For one caller, before anybody else can ask
   * for the outcome.
   */
  void decodeArriving() throws InterruptedException {
    while (true) {
      List<ResultBlock> arrived;
      synchronized (blocks) {
        awaited = true;
        while (blocks.isEmpty() && missing > 0) {
          blocks.wait();
        }
        if (blocks.isEmpty()) {
          return;
        }
        arrived = new ArrayList<>(blocks);
        blocks.clear();
      }
      for (ResultBlock block : arrived) {
        block.decode(values);
      }
    }
  }

  @Override
  Outcome<@Nullable Object> decode() {
    synchronized (blocks) {
      for (ResultBlock block : blocks) {
        block.decode(values);
      }
      blocks.clear();
    }
    return values.outcome();
  }

  private static final class Values implements ResultBlock.Visitor {
    private final ResultList<Object> values;
    private final List<Outcome<?>> errors = new ArrayList<>();

    Values(int count) {
      values = new ResultList<>(count);
    }

    @Override
    public void value(int item, @Nullable Object value) {
      values.put(item, value);
    }

    @Override
    public void error(int item, Throwable error) {
      errors.add(new Outcome<>(item, null, error));
    }

    Outcome<@Nullable Object> outcome() {
      if (errors.isEmpty()) {
        return new Outcome<>(0, values, null);
      }
      errors.sort((a, b) -> Long.compare(a.index(), b.index()));
      Outcome<?> first = errors.get(0);
      Throwable error = first.error();
      for (Outcome<?> other : errors.subList(1, Math.min(errors.size(), 1 + MAX_SUPPRESSED))) {
        if (error != null && other.error() != null && other.error() != error) {
          error.addSuppressed(other.error());
        }
      }
      return new Outcome<>(first.index(), null, error);
    }
  }
}
