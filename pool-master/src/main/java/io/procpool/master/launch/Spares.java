// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** All sets of spares of this process. Safe for use by multiple threads. */
final class Spares {
  private static final List<SpareSet> SETS = new CopyOnWriteArrayList<>();

  private static @Nullable Thread exitHook; // guarded by the class

  private Spares() {}

  /**
   * Adds a set.
   *
   * @throws IllegalStateException if this JVM is shutting down
   */
  static synchronized void add(SpareSet set) {
    if (exitHook == null) {
      Thread hook = new Thread(Spares::killAll, "procpool-spares-exit");
      Runtime.getRuntime().addShutdownHook(hook);
      exitHook = hook;
    }
    SETS.add(set);
  }

  static void remove(SpareSet set) {
    SETS.remove(set);
  }

  /** Returns a spare that fits, and has been told something; null if there is none. */
  static JvmLauncher.@Nullable Started adopt(JvmShape shape, byte[] orders) {
    for (SpareSet set : SETS) {
      JvmLauncher.Started spare = set.adopt(shape, orders);
      if (spare != null) {
        return spare;
      }
    }
    return null;
  }

  /** They would notice the end of this JVM by themselves, but only after it. */
  private static void killAll() {
    for (SpareSet set : SETS) {
      set.kill();
    }
  }
}
