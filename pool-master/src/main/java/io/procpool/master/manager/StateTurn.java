// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.manager.SentObjects;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes down what an object holds. */
final class StateTurn implements Turn {
  private static final Logger LOG = LoggerFactory.getLogger(StateTurn.class);

  private final Consumer<@Nullable List<Change>> whenKnown;
  private @Nullable List<Change> state;

  StateTurn(Consumer<@Nullable List<Change>> whenKnown) {
    this.whenKnown = whenKnown;
  }

  @Override
  public boolean isForeign() {
    return false;
  }

  @Override
  public boolean isLong() {
    return true;
  }

  @Override
  public boolean begin() {
    return true;
  }

  @Override
  public void run(
      Target target,
      Holding before,
      ClassLoader loader,
      ObjectTable objects,
      @Nullable RunningTurn running) {
    List<Change> parts = new ArrayList<>();
    try (SentObjects noted = SentObjects.begin(objects.server())) {
      target.made();
      Content content = target.content(loader);
      if (content != null) {
        content.state(parts::add);
      }
      state = parts;
    } catch (Throwable e) {
      if (target.isFailed()) {
        state = List.of(); // it was never made
      } else {
        LOG.warn("the content of an object cannot be written down: {}", e.getMessage());
      }
    }
  }

  @Override
  public void reply(ObjectTable objects) {
    whenKnown.accept(state);
  }
}
