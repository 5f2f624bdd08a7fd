// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.Shipment;
import io.procpool.master.launch.TaskEncoder;
import io.procpool.master.pool.Work;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A function as it travels. One that captures nothing is encoded once and each worker keeps it; any other is encoded anew for
 * each submission, because what it captures may have changed. Immutable, but for the count of works of a function that is not
 * permanent, which belongs to the event loop of its pool.
 */
final class EncodedFunction {
  private static final AtomicLong NEXT_ID = new AtomicLong(1);

  private static final ClassValue<Holder> STATELESS = new ClassValue<>() {
    @Override
    protected Holder computeValue(Class<?> type) {
      return new Holder();
    }
  };

  private static final class Holder {
    volatile @Nullable EncodedFunction function;
  }

  private final long id;
  private final byte[] bytes;
  private final @Nullable Shipment shipment;
  private final boolean permanent;
  private final boolean inParts;
  private int openWorks; // not if permanent; event loop only
  private boolean allSubmitted; // event loop only

  private EncodedFunction(PayloadWriter encoded, boolean permanent, boolean inParts) {
    this.id = NEXT_ID.getAndIncrement();
    this.bytes = encoded.toByteArray();
    this.shipment = encoded.shipment();
    this.permanent = permanent;
    this.inParts = inParts;
    this.allSubmitted = !inParts;
  }

  /** Encodes a function for one work, or finds its encoding. */
  static EncodedFunction of(Object function) {
    return of(function, false);
  }

  /** Encodes a function for a submission in parts, each a work of its own, or finds its encoding. */
  static EncodedFunction ofParts(Object function) {
    return of(function, true);
  }

  private static EncodedFunction of(Object function, boolean inParts) {
    Holder holder = STATELESS.get(function.getClass());
    EncodedFunction known = holder.function;
    if (known != null) {
      return known;
    }
    EncodedFunction encoded = new EncodedFunction(
        TaskEncoder.encode(function), FunctionCodec.isStateless(function), inParts);
    if (encoded.permanent) {
      holder.function = encoded;
    }
    return encoded;
  }

  /** Returns a number that no function has. */
  static long nextId() {
    return NEXT_ID.getAndIncrement();
  }

  long id() {
    return id;
  }

  byte[] bytes() {
    return bytes;
  }

  /** Returns what of it is on its way to workers, if anything. */
  @Nullable
  Shipment shipment() {
    return shipment;
  }

  /** Tells whether workers keep it for good. */
  boolean isPermanent() {
    return permanent;
  }

  /** Tells whether several works have it. */
  boolean isShared() {
    return permanent || inParts;
  }

  /** Tells whether a worker keeps it between units: not that of a single task, which is sent with the task. */
  boolean isKeptFor(Work work) {
    return permanent || inParts || work.count() > 1;
  }

  /** Notes that a work was accepted. */
  void begin() {
    openWorks++;
  }

  /** Notes that a work has been reported; true if that was the last one. */
  boolean end() {
    openWorks--;
    return openWorks == 0 && allSubmitted;
  }

  /** Notes that no further work comes; true if none is open. */
  boolean endSubmission() {
    allSubmitted = true;
    return openWorks == 0;
  }
}
