// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loggers of this process by which records of workers are logged. Safe for use by multiple threads. */
final class WorkerLoggers {
  /*
   * SLF4J keeps a logger for ever, and Logback one for each beginning of the name that ends before a dot as well. What workers call their loggers is up to them, and may be another name for each
   * request. So only so many names become loggers, of so many characters together with those beginnings, in this process: pools come and go, loggers stay.
   */
  private static final int MAX_NAMES = 10_000;
  private static final long MAX_CHARACTERS = 8L << 20;
  private static final int MAX_NAME_CHARACTERS = 1_000;

  /** Those that the pools of this process share. */
  static final WorkerLoggers SHARED = new WorkerLoggers(MAX_NAMES, MAX_CHARACTERS);

  private final int maxNames;
  private final Map<String, Logger> known = new ConcurrentHashMap<>();
  private long charactersLeft; // guarded by this

  WorkerLoggers(int maxNames, long maxCharacters) {
    this.maxNames = maxNames;
    this.charactersLeft = maxCharacters;
  }

  /** Returns the logger of a name; null if there is no room for it. */
  @Nullable
  Logger get(String name) {
    Logger logger = known.get(name);
    return logger != null ? logger : add(name);
  }

  private synchronized @Nullable Logger add(String name) {
    if (name.length() > MAX_NAME_CHARACTERS || known.size() >= maxNames) {
      return null;
    }
    long characters =
        name.length() * (1 + name.chars().filter(c -> c == '.' || c == '$').count());
    if (characters > charactersLeft) {
      return null;
    }
    charactersLeft -= characters;
    return known.computeIfAbsent(name, LoggerFactory::getLogger);
  }
}
