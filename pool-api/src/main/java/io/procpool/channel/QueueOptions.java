// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

/** How a {@link ProcessQueue} is set up. Made with {@link #builder()}; immutable; safe for use by multiple threads. */
public final class QueueOptions {
  /** The most elements that a queue can have. */
  public static final int MAX_CAPACITY = (1 << 24) - 2;

  /** The most bytes of a queue of {@link ProcessQueue#unbounded()}: 1 GiB. */
  public static final long UNBOUNDED_BYTES = 1L << 30;

  private final int capacity;
  private final long capacityBytes;
  private final boolean joinable;

  private QueueOptions(Builder from) {
    this.capacity = from.capacity;
    this.capacityBytes = from.capacityBytes;
    this.joinable = from.joinable;
  }

  /** Returns a builder with all defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns how many elements it has at most. */
  public int capacity() {
    return capacity;
  }

  /** Returns how many bytes of elements it has at most. */
  public long capacityBytes() {
    return capacityBytes;
  }

  /** Tells whether it counts what has been dealt with. */
  public boolean joinable() {
    return joinable;
  }

  @Override
  public String toString() {
    return "QueueOptions[capacity=" + capacity + ", capacityBytes=" + capacityBytes
        + (joinable ? ", joinable]" : "]");
  }

  /**
   * Collects options; a bad argument fails in the setter. By default there are at most {@value QueueOptions#MAX_CAPACITY} elements and 64
   * MiB, and the queue is not joinable. Not safe for use by multiple threads.
   */
  public static final class Builder {
    private int capacity = MAX_CAPACITY;
    private long capacityBytes = 64L << 20;
    private boolean joinable;

    private Builder() {}

    /** Sets how many elements there are at most, 1 to {@value QueueOptions#MAX_CAPACITY}. */
    public Builder capacity(int capacity) {
      if (capacity < 1 || capacity > MAX_CAPACITY) {
        throw new IllegalArgumentException(
            "capacity: " + capacity + " (expected: 1 to " + MAX_CAPACITY + ")");
      }
      this.capacity = capacity;
      return this;
    }

    /** Sets how many bytes of encoded elements there are at most, 1024 to 1099511627776. */
    public Builder capacityBytes(long capacityBytes) {
      if (capacityBytes < 1024 || capacityBytes > 1L << 40) {
        throw new IllegalArgumentException(
            "capacityBytes: " + capacityBytes + " (expected: 1024 to " + (1L << 40) + ")");
      }
      this.capacityBytes = capacityBytes;
      return this;
    }

    /** Sets whether {@link ProcessQueue#taskDone} and {@link ProcessQueue#join()} can be used; each take costs a little more then. */
    public Builder joinable(boolean joinable) {
      this.joinable = joinable;
      return this;
    }

    /** Returns the options. */
    public QueueOptions build() {
      return new QueueOptions(this);
    }
  }
}
