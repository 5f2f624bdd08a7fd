// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.master.manager.StoreRecord.Origin;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Puts the state of all objects into the journal, one after the other, while the server goes on. For the event loop alone. */
final class StoreRenewal {
  /*
   * An object whose turn does not come at once, because a function of users' runs in it, is not waited for until all others are through. One that is made meanwhile
   * is in the new file anyway.
   */
  /** Who has the objects. */
  interface Source {
    /** Returns what the objects were made from that there are now. */
    List<Origin> origins();

    /** Returns an object; null if it is no more. */
    @Nullable
    Served find(long number);

    /** As {@link Kept#writeState}. */
    boolean writeState(Kept object, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown);

    /** Returns the highest number that any object had. */
    long highest();
  }

  private final Store store;
  private final Source source;
  private final ArrayDeque<Origin> left = new ArrayDeque<>();
  private int outstanding = 1; // the walk through `left` is one
  private boolean failed;
  private long bytes;

  StoreRenewal(Store store, Source source) {
    this.store = store;
    this.source = source;
  }

  void start(EventExecutor loop) {
    left.addAll(source.origins());
    for (Origin origin : left) {
      append(StoreRecord.declared(origin)); // before any value with a handle of it
    }
    goOn(loop);
  }

  private void goOn(EventExecutor loop) {
    Origin origin = left.poll();
    if (origin == null) {
      over();
      return;
    }
    Served served = source.find(origin.number);
    if (served instanceof Kept kept) {
      outstanding++;
      boolean[] waitedFor = new boolean[1];
      waitedFor[0] = source.writeState(kept, loop, state -> {
        take(origin, state);
        if (waitedFor[0]) {
          loop.execute(() -> goOn(loop));
        }
        over();
      });
      if (!waitedFor[0]) {
        loop.execute(() -> goOn(loop));
      }
    } else {
      loop.execute(() -> goOn(loop));
    }
  }

  private void take(Origin origin, @Nullable List<Change> state) {
    if (state == null) {
      failed = true;
    } else if (source.find(origin.number) != null) {
      append(StoreRecord.state(origin.number));
      for (Change part : state) {
        append(StoreRecord.stateChanged(origin.number, part));
      }
      append(StoreRecord.stateEnd(origin.number));
    }
  }

  private void append(byte[] record) {
    bytes += record.length;
    store.append(record);
  }

  private void over() {
    if (--outstanding > 0) {
      return;
    }
    if (failed) {
      store.notRenewed();
    } else {
      store.append(StoreRecord.complete(bytes, source.highest()));
      store.renewed(bytes);
    }
  }
}
