// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import org.jspecify.annotations.Nullable;

/** How a result ended, decoded by the first thread that asks and kept. Safe for use by multiple threads. */
abstract class Completion {
  private @Nullable Outcome<@Nullable Object> outcome; // guarded by this

  /** Returns the value or the failure; decodes it on the first call, in the calling thread. */
  final synchronized Outcome<@Nullable Object> outcome() {
    Outcome<@Nullable Object> known = outcome;
    if (known == null) {
      known = decode();
      outcome = known;
    }
    return known;
  }

  /** Decodes; called once. */
  abstract Outcome<@Nullable Object> decode();

  static Completion ofError(Throwable error) {
    return new Completion() {
      @Override
      Outcome<@Nullable Object> decode() {
        return new Outcome<>(0, null, error);
      }
    };
  }

  /** The completion of a task of one item. */
  static Completion ofBlock(ResultBlock block) {
    return new SingleItem(block);
  }

  /** This completion with another value, if it is a success. */
  final Completion replacingValue(@Nullable Object value) {
    Completion original = this;
    return new Completion() {
      @Override
      Outcome<@Nullable Object> decode() {
        Outcome<@Nullable Object> outcome = original.outcome();
        return outcome.isSuccess() ? new Outcome<>(outcome.index(), value, null) : outcome;
      }
    };
  }

  private static final class SingleItem extends Completion implements ResultBlock.Visitor {
    private @Nullable ResultBlock block;
    private Outcome<@Nullable Object> decoded = new Outcome<>(0, null, null);

    SingleItem(ResultBlock block) {
      this.block = block;
    }

    @Override
    Outcome<@Nullable Object> decode() {
      ResultBlock encoded = block;
      if (encoded != null) {
        encoded.decode(this);
        block = null;
      }
      return decoded;
    }

    @Override
    public void value(int item, @Nullable Object value) {
      decoded = new Outcome<>(item, value, null);
    }

    @Override
    public void error(int item, Throwable error) {
      decoded = new Outcome<>(item, null, error);
    }
  }
}
