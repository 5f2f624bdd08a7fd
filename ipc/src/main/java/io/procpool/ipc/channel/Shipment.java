// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a thread encodes at a time and sends together: it knows which ends of pipes are in it, because these count as held until they have
 * arrived or it is known that they never will. Safe for use by multiple threads once it has ended.
 */
public final class Shipment {
  private static final ThreadLocal<@Nullable Shipment> CURRENT = new ThreadLocal<>();

  private final @Nullable Shipment outer;
  private @Nullable List<Runnable> ends;

  private Shipment(@Nullable Shipment outer) {
    this.outer = outer;
  }

  /** Begins a shipment of the calling thread, which must {@linkplain #end end} it. */
  public static Shipment begin() {
    Shipment shipment = new Shipment(CURRENT.get());
    CURRENT.set(shipment);
    return shipment;
  }

  /** Ends it: what is encoded from now on does not belong to it. */
  public void end() {
    if (outer == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(outer);
    }
  }

  /** Tells whether the calling thread has a shipment. */
  static boolean isRunning() {
    return CURRENT.get() != null;
  }

  /** Says what is to be done if something that was just encoded for the shipment of this thread will not arrive any more. */
  static void add(Runnable end) {
    Shipment shipment = Objects.requireNonNull(CURRENT.get());
    if (shipment.ends == null) {
      shipment.ends = new ArrayList<>(2);
    }
    shipment.ends.add(end);
  }

  /** Says that what has not arrived up to now never will. */
  public void over() {
    if (ends != null) {
      for (Runnable each : ends) {
        each.run();
      }
    }
  }
}
