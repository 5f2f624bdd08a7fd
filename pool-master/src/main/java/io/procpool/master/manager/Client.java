// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A process that is connected, as the objects see it. For the event loop alone. */
final class Client {
  private final Set<Runnable> whenGone = new LinkedHashSet<>();
  private String name = "a client";
  private boolean gone;

  /** Says who it is, for messages to people. */
  void setName(String name) {
    this.name = name;
  }

  /** Returns its name and process id, for messages to people. */
  String name() {
    return name;
  }

  /** Tells whether it has gone. */
  boolean isGone() {
    return gone;
  }

  /** Says what is to be done when it has gone, however it does: what it holds is to be released then. */
  void whenGone(Runnable action) {
    whenGone.add(action);
  }

  /** Takes back what {@link #whenGone(Runnable)} has said. */
  void forget(Runnable action) {
    whenGone.remove(action);
  }

  /** Says that it has gone. */
  void end() {
    gone = true;
    List<Runnable> actions = List.copyOf(whenGone);
    whenGone.clear();
    actions.forEach(Runnable::run);
  }
}
