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
  private Iterator<?> input; // null once the iteration has ended
  private Throwable inputError; // what the input threw, until next() throws it
  private long index;

  InlineImap(PoolCore core, PoolCore.Submission submission, Iterator<?> input) {
    this.core = core;
    this.submission = submission;
    this.input = input;
  }

  @Override
  public boolean hasNext() {
    if (input == null || inputError != null) {
      return inputError != null;
    }
    try {
      return input.hasNext();
    } catch (Throwable thrown) {
      inputError = thrown;
      return true;
    }
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
    Outcome<?> outcome = inputError == null ? compute() : null;
    if (inputError != null) {
      Throwable thrown = inputError;
      close();
      Failures.valueOf(new Outcome<>(0, null, thrown));
    }
    return new Outcome<>(index++, (R) outcome.value(), outcome.error());
  }

  /** Computes the next input; null if it cannot be read or submitted any more. */
  private Outcome<?> compute() {
    Completion[] completion = new Completion[1];
    try {
      Engine.Inputs inputs = submission.newInputs();
      inputs.add(input.next(), null, null);
      Batching batching = new Batching(1, ItemTime.NONE, index);
      Work work =
          submission.work(inputs, batching, block -> completion[0] = Completion.ofBlock(block));
      core.submitUnlimited(work);
    } catch (Throwable thrown) {
      inputError = thrown;
      return null;
    }
    return completion[0].outcome();
  }

  @Override
  public void close() {
    input = null;
    inputError = null;
  }
}
