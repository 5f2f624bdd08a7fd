// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A process that is connected, as the objects see it. For the event loop alone. */
final class Client {
  private final Set<Runnable> whenGone = new LinkedHashSet<>();
  private final Map<Long, Had> objects = new HashMap<>();
  private String name = "a client";
  private long pid;
  private @Nullable Consumer<Answer> messages;
  private boolean gone;

  /** An object of which it was told so often. */
  private static final class Had {
    final Reference reference;
    int count;

    Had(Reference reference) {
      this.reference = reference;
    }
  }

  /** Says what sends it something that is no reply. */
  void setMessages(Consumer<Answer> messages) {
    this.messages = messages;
  }

  /** Sends it something that is no reply, when all that was done before is kept. */
  void tell(Answer message) {
    Consumer<Answer> sending = messages;
    if (sending != null && !gone) {
      sending.accept(message);
    }
  }

  /** Says that it is told of an object: the object is kept until it says that it has no handle of it any more. */
  void give(Reference reference) {
    if (!gone) {
      objects.computeIfAbsent(reference.number(), number -> new Had(reference)).count++;
    }
  }

  /** Says that it has no handle of an object any more, of which it was told so often. */
  void takeBack(long object, int count) throws IOException {
    Had had = objects.get(object);
    if (had == null || count < 1 || count > had.count) {
      throw new IOException("it has not been told of object " + object + " " + count + " times");
    }
    had.count -= count;
    if (had.count == 0) {
      objects.remove(object);
    }
  }

  /** Says who it is, for messages to people. */
  void setName(String name, long pid) {
    this.name = name + " (pid " + pid + ")";
    this.pid = pid;
  }

  /** Returns its process id, on its own machine. */
  long pid() {
    return pid;
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

  /** Says that it has gone: it gets nothing any more. What it has is released at its {@link #end()}. */
  void leave() {
    gone = true;
  }

  /** Releases what it has. */
  void end() {
    gone = true;
    objects.clear();
    List<Runnable> actions = List.copyOf(whenGone);
    whenGone.clear();
    actions.forEach(Runnable::run);
  }
}
