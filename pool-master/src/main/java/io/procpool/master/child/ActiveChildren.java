// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import io.procpool.ChildProcess;
import io.procpool.ipc.memory.Session;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The living children of this process, and their end when this JVM ends. Safe for use by multiple threads. */
final class ActiveChildren {
  private static final Set<JvmChild> ALIVE = new LinkedHashSet<>(); // guarded by itself
  private static boolean expected; // guarded by ALIVE
  private static boolean ending; // guarded by ALIVE

  private ActiveChildren() {}

  /**
   * Sees to it that children are not left at the end of this JVM.
   *
   * @throws IllegalStateException if it is shutting down
   */
  static void expect() {
    synchronized (ALIVE) {
      if (ending) {
        throw new IllegalStateException("this JVM is shutting down");
      }
      if (!expected) {
        try {
          Session.beforeEnd(ActiveChildren::endAll);
        } catch (IllegalStateException exiting) {
          throw new IllegalStateException("this JVM is shutting down", exiting);
        }
        expected = true;
      }
    }
  }

  static void add(JvmChild child) {
    boolean late;
    synchronized (ALIVE) {
      ALIVE.add(child);
      late = ending;
    }
    if (late) {
      child.kill();
    }
  }

  static void remove(JvmChild child) {
    synchronized (ALIVE) {
      ALIVE.remove(child);
    }
  }

  static List<ChildProcess> list() {
    synchronized (ALIVE) {
      return List.copyOf(ALIVE);
    }
  }

  /** Terminates all that are left, at the same time, and waits for them; each is killed when its time is over. */
  private static void endAll() {
    List<JvmChild> left;
    synchronized (ALIVE) {
      ending = true;
      left = new ArrayList<>(ALIVE);
    }
    for (JvmChild child : left) {
      child.terminate();
    }
    for (JvmChild child : left) {
      child.awaitEnd();
    }
  }
}
