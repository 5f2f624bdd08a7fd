// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.master.manager.Change.Part;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** What an atomic number holds. */
final class LongContent implements Content {
  private final AtomicLong number;
  private final ClassLoader loader;

  LongContent(AtomicLong number, ClassLoader loader) {
    this.number = number;
    this.loader = loader;
  }

  @Override
  public Before before(ObjectOperation operation, boolean withBefore) {
    long was = number.get();
    return new Before() {
      @Override
      public Change after() throws UnencodableValueException {
        long now = number.get();
        if (now == was) {
          return new Change(List.of());
        }
        List<byte[]> before = withBefore ? List.of(Saved.encode(was)) : List.of();
        return new Change(List.of(new Part(null, 0, 1, before, List.of(Saved.encode(now)))));
      }

      @Override
      public void undo() {
        number.set(was);
      }
    };
  }

  @Override
  public void state(Consumer<Change> parts) throws UnencodableValueException {
    parts.accept(
        new Change(List.of(new Part(null, 0, 1, List.of(), List.of(Saved.encode(number.get()))))));
  }

  @Override
  public void clear() {
    // The state is all of it.
  }

  @Override
  public void apply(Change change) throws PayloadFormatException {
    for (Part part : change.parts()) {
      if (part.after.isEmpty()
          || !(Saved.decode(part.after.get(0), loader) instanceof Number kept)) {
        throw new PayloadFormatException("a change of a number without one");
      }
      number.set(kept.longValue()); // an AtomicLong in stores of before
    }
  }
}
