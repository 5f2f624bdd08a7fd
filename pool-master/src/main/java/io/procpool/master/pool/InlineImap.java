// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import io.procpool.ResultIterator;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.NullUnmarked;

/** An imap on an engine that runs everything in the calling thread: each step reads one input and computes it. */
@NullUnmarked
final class InlineImap<R> implements ResultIterator<R> {
  private final PoolCore core;
  private final PoolCore.Submission submission;
  private final Iterator<?> input;
  private long index;
  private boolean closed;

  InlineImap(PoolCore core, PoolCore.Submission submission, Iterator<?> input) {
    this.core = core;
    this.submission = submission;
    this.input = input;
  }

  @Override
  public boolean hasNext() {
    return !closed && input.hasNext();
  }

  @Override
  @SuppressWarnings("unchecked")
  public R next() {
    return (R) Failures.valueOf(nextOutcome());
  }

  @Override
  public R next(Duration timeout) {
    return next();
  }

  @Override
  @SuppressWarnings("unchecked")
  public Outcome<R> nextOutcome() {
    if (!hasNext()) {
      throw new NoSuchElementException("the iteration has ended");
    }
    Engine.Inputs inputs = submission.newInputs();
    inputs.add(input.next(), null, null);
    Completion[] completion = new Completion[1];
    core.submitUnlimited(submission.work(
        inputs, 1, new ItemTime(), block -> completion[0] = Completion.ofBlock(block)));
    Outcome<?> outcome = completion[0].outcome();
    return new Outcome<>(index++, (R) outcome.value(), outcome.error());
  }

  @Override
  public void close() {
    closed = true;
  }
}
