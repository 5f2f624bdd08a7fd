// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The servers in this process. A handle of an object that is in the same process refers to it directly: so objects that are in each other live as long as any
 * other objects of the JVM do, in circles, too. Safe for use by multiple threads.
 */
public final class ServersHere {
  private static final Map<String, LongFunction<@Nullable Object>> SERVERS =
      new ConcurrentHashMap<>();

  private static final ThreadLocal<@Nullable Predicate<@Nullable Object>> WORKING_AT =
      new ThreadLocal<>();

  private ServersHere() {}

  /** Makes a server known that can find its objects by their numbers. */
  public static void add(String server, LongFunction<@Nullable Object> objects) {
    SERVERS.put(server, objects);
  }

  /** Forgets a server that has ended. */
  public static void remove(String server) {
    SERVERS.remove(server);
  }

  /** Says at which objects the calling thread works, or that it works at none: it cannot use those as a client then, because it would wait for itself. */
  public static void workAt(@Nullable Predicate<@Nullable Object> objects) {
    if (objects == null) {
      WORKING_AT.remove();
    } else {
      WORKING_AT.set(objects);
    }
  }

  static void checkNotAt(String server, long number) {
    Predicate<@Nullable Object> objects = WORKING_AT.get();
    if (objects != null && objects.test(find(server, number))) {
      throw new IllegalStateException(
          "a function that runs on the server at an object cannot use the object itself: it would"
              + " wait for its own end; use what it is given");
    }
  }

  static boolean has(String server) {
    return SERVERS.containsKey(server);
  }

  static @Nullable Object find(String server, long number) {
    LongFunction<@Nullable Object> objects = SERVERS.get(server);
    return objects == null ? null : objects.apply(number);
  }
}
