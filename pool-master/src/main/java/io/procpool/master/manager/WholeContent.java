// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.master.manager.Change.Part;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** An object that is small, or of no known shape: what a change says is all of it. It must be serializable. Not safe for use by multiple threads. */
final class WholeContent implements Content {

  private final ClassLoader loader;
  private Object target;

  WholeContent(Object target, ClassLoader loader) {
    this.target = target;
    this.loader = loader;
  }

  /** Returns what calls are done with. */
  Object target() {
    return target;
  }

  @Override
  public Before before(ObjectOperation operation, boolean withBefore)
      throws UnencodableValueException {
    byte[] was = Saved.encode(target);
    return new Before() {
      @Override
      public Change after() throws UnencodableValueException {
        byte[] now = Saved.encode(target);
        if (Arrays.equals(was, now)) {
          return new Change(List.of());
        }
        List<byte[]> before = withBefore ? List.of(was) : List.of();
        return new Change(List.of(new Part(null, 0, 1, before, List.of(now))));
      }

      @Override
      public void undo() {
        try {
          target = restored(was);
        } catch (PayloadFormatException e) {
          throw new IllegalStateException(e);
        }
      }
    };
  }

  private Object restored(byte[] bytes) throws PayloadFormatException {
    Object restored = Saved.decode(bytes, loader);
    if (restored == null) {
      throw new PayloadFormatException("null is no object");
    }
    return restored;
  }

  @Override
  public void state(Consumer<Change> parts) throws UnencodableValueException {
    parts.accept(
        new Change(List.of(new Part(null, 0, 1, List.of(), List.of(Saved.encode(target))))));
  }

  @Override
  public void clear() {
    // The state is all of it.
  }

  @Override
  public void apply(Change change) throws PayloadFormatException {
    for (Part part : change.parts()) {
      if (part.after.isEmpty()) {
        throw new PayloadFormatException("a change without a value");
      }
      target = restored(part.after.get(0));
    }
  }
}
