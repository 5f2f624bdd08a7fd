// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.UnencodableValueException;
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

  private final Content content;
  private final Consumer<@Nullable List<Change>> whenKnown;
  private @Nullable List<Change> state;

  StateTurn(Content content, Consumer<@Nullable List<Change>> whenKnown) {
    this.content = content;
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
  public void run(ObjectKind kind, ClassLoader loader, ObjectTable objects) {
    List<Change> parts = new ArrayList<>();
    try (SentObjects noted = SentObjects.begin(objects.server())) {
      content.state(parts::add);
      state = parts;
    } catch (UnencodableValueException | RuntimeException e) {
      LOG.warn("the content of a {} cannot be written down: {}", kind.name(), e.getMessage());
    }
  }

  @Override
  public void reply() {
    whenKnown.accept(state);
  }
}
