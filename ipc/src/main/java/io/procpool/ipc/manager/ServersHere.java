// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.ManagerDeadlockException;
import java.io.IOException;
import java.util.List;
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
  private static final Map<String, Here> SERVERS = new ConcurrentHashMap<>();

  private static final ThreadLocal<@Nullable Turn> TURN = new ThreadLocal<>();

  private record Here(LongFunction<@Nullable Object> objects, Connecting connecting) {}

  /** How to connect to a server. */
  public interface Connecting {
    /** Makes a connection. */
    ManagerClient connect() throws IOException, InterruptedException;
  }

  /**
   * What a thread does in one of the servers.
   *
   * @param server its name
   * @param number of the turn, among those of the server
   * @param isAt tells the objects at which it works
   */
  public record Turn(String server, long number, Predicate<@Nullable Object> isAt) {}

  private ServersHere() {}

  /**
   * Makes a server known that can find its objects by their numbers.
   *
   * @param connecting makes a connection for functions that use its objects
   */
  public static void add(
      String server, LongFunction<@Nullable Object> objects, Connecting connecting) {
    SERVERS.put(server, new Here(objects, connecting));
  }

  /** Returns how to connect to a server; null if it is not in this process. */
  static @Nullable Connecting connecting(String server) {
    Here here = SERVERS.get(server);
    return here == null ? null : here.connecting();
  }

  /** Forgets a server that has ended. */
  public static void remove(String server) {
    SERVERS.remove(server);
  }

  /** Says what the calling thread does in a server, or that it does nothing there: the server is told who waits for what it asks for as a client meanwhile, and it cannot use its own objects. */
  public static void work(@Nullable Turn turn) {
    if (turn == null) {
      TURN.remove();
    } else {
      TURN.set(turn);
    }
  }

  /** Returns the number of what the calling thread does in a server; 0 if it does nothing there. */
  static long turn(String server) {
    Turn turn = SERVERS.isEmpty() ? null : TURN.get();
    return turn != null && turn.server().equals(server) ? turn.number() : 0;
  }

  static void checkNotAt(String server, long number) {
    Turn turn = SERVERS.isEmpty() ? null : TURN.get();
    if (turn != null && turn.isAt().test(find(server, number))) {
      throw new ManagerDeadlockException(
          "a function that runs on the server at an object cannot use the object itself: it would"
              + " wait for its own end; use what it is given",
          List.of("a function at object " + number));
    }
  }

  static boolean has(String server) {
    return SERVERS.containsKey(server);
  }

  static @Nullable Object find(String server, long number) {
    Here here = SERVERS.get(server);
    return here == null ? null : here.objects().apply(number);
  }
}
