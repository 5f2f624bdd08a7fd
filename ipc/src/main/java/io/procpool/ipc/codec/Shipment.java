// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What in a payload counts as on its way, such as the end of a pipe: from when it is encoded until it has arrived, or until whoever sent
 * the payload knows that it never will. A {@link PayloadWriter} has one if such things were written. Safe for use by multiple
 * threads.
 */
public final class Shipment {
  private static final ThreadLocal<@Nullable PayloadWriter> WRITING = new ThreadLocal<>();

  private final List<Runnable> parts = new ArrayList<>(2); // guarded by itself

  Shipment() {}

  /** Says that the calling thread encodes objects with a writer, or with none; returns what held before. */
  static @Nullable PayloadWriter writing(@Nullable PayloadWriter writer) {
    PayloadWriter before = WRITING.get();
    if (writer == null) {
      WRITING.remove();
    } else {
      WRITING.set(writer);
    }
    return before;
  }

  /** Tells whether the calling thread encodes a payload that can have such a part. */
  public static boolean isRunning() {
    return WRITING.get() != null;
  }

  /** Says what is to be done if a part that is being encoded by this thread will not arrive any more. */
  public static void add(Runnable whenOver) {
    PayloadWriter writer = WRITING.get();
    if (writer == null) {
      throw new IllegalStateException("this thread encodes nothing");
    }
    Shipment shipment = writer.openShipment();
    synchronized (shipment.parts) {
      shipment.parts.add(whenOver);
    }
  }

  /** Takes over the parts of another one. */
  public void addAll(Shipment other) {
    List<Runnable> added = other.takeFrom(0);
    synchronized (parts) {
      parts.addAll(added);
    }
  }

  int size() {
    synchronized (parts) {
      return parts.size();
    }
  }

  private List<Runnable> takeFrom(int first) {
    synchronized (parts) {
      List<Runnable> tail = parts.subList(first, parts.size());
      List<Runnable> taken = new ArrayList<>(tail);
      tail.clear();
      return taken;
    }
  }

  /** Says that whatever of it has not arrived never will. A second call has no effect. */
  public void over() {
    overFrom(0);
  }

  void overFrom(int first) {
    takeFrom(first).forEach(Runnable::run);
  }
}
