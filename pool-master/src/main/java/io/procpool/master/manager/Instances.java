// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which objects of users' types are served, and under which numbers. It keeps neither. For the event loop alone. */
final class Instances {
  private final Map<Identity, Known> known = new HashMap<>();
  private final ReferenceQueue<Object> unreachable = new ReferenceQueue<>();

  private record Known(long number, WeakReference<Served> served) {}

  /** A key that is equal only to one of the same object. */
  private static final class Identity extends WeakReference<Object> {
    private final int hash;

    Identity(Object object, @Nullable ReferenceQueue<Object> queue) {
      super(object, queue);
      hash = System.identityHashCode(object);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      if (this == other) {
        return true;
      }
      Object object = get();
      return object != null && other instanceof Identity that && that.get() == object;
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  /** Makes an object known. */
  void add(Object object, Reference reference) {
    for (java.lang.ref.Reference<?> gone = unreachable.poll();
        gone != null;
        gone = unreachable.poll()) {
      known.remove(gone);
    }
    known.put(
        new Identity(object, unreachable),
        new Known(reference.number(), new WeakReference<>(reference.object())));
  }

  /** Returns what keeps an object, if that is known and still served; else null. */
  @Nullable
  Reference find(Object object) {
    Known found = known.get(new Identity(object, null));
    Served served = found == null ? null : found.served().get();
    return found == null || served == null ? null : new Reference(found.number(), served);
  }
}
