// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.master.manager.Change.Part;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An object of which a few numbers are kept; each change of it says all of them. For the event loop alone. */
interface KeptNumbers extends Kept {
  /** Returns what is kept: what there is if all clients go now. */
  long[] kept();

  /**
   * Has what was kept. While the server starts.
   *
   * @param kept as many numbers as {@link #kept} returns
   */
  void restore(long[] kept);

  /** Returns {@link #kept} as a change. */
  default Change keptAsChange() {
    long[] numbers = kept();
    ByteBuffer bytes = ByteBuffer.allocate(numbers.length * Long.BYTES);
    bytes.asLongBuffer().put(numbers);
    return new Change(List.of(new Part(null, 0, 0, List.of(), List.of(bytes.array()))));
  }

  @Override
  default void restoreNothing() {
    // What follows says all.
  }

  @Override
  default void restore(Change change, ObjectTable objects) throws PayloadFormatException {
    long[] numbers = new long[kept().length];
    for (Part part : change.parts()) {
      if (part.after.size() != 1 || part.after.get(0).length != numbers.length * Long.BYTES) {
        throw new PayloadFormatException(
            "the state of a " + kind() + " is not " + numbers.length + " numbers");
      }
      ByteBuffer.wrap(part.after.get(0)).asLongBuffer().get(numbers);
      restore(numbers);
    }
  }

  @Override
  default boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    loop.execute(() -> whenKnown.accept(List.of(keptAsChange())));
    return true;
  }
}
