// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A part of a sorted map: each operation goes to the server with the range, and is done there by the map of the JDK. Immutable. */
final class RemoteRange implements Remote {
  private static final long serialVersionUID = 1;

  private final RemoteObject map;
  private final int flags; // of ManagerWire

  @SuppressWarnings("serial") // keys are sent
  private final @Nullable Object low;

  @SuppressWarnings("serial")
  private final @Nullable Object high;

  private RemoteRange(RemoteObject map, int flags, @Nullable Object low, @Nullable Object high) {
    this.map = map;
    this.flags = flags;
    this.low = low;
    this.high = high;
  }

  /** Returns the whole of a map. */
  static RemoteRange whole(RemoteObject map) {
    return new RemoteRange(map, 0, null, null);
  }

  @Override
  public @Nullable Object call(String operation, @Nullable Object... arguments) {
    return flags == 0
        ? map.call(operation, arguments)
        : map.call(ManagerWire.RANGE + operation, withRange(arguments));
  }

  @Override
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      String operation, @Nullable Object... arguments) {
    return flags == 0
        ? map.callAsync(operation, arguments)
        : map.callAsync(ManagerWire.RANGE + operation, withRange(arguments));
  }

  @Override
  public Pages.Page page(String operation, @Nullable Object... arguments) {
    return flags == 0
        ? map.page(operation, arguments)
        : map.page(ManagerWire.RANGE + operation, withRange(arguments));
  }

  /** Returns the map if this is all of it, else null. */
  @Nullable
  RemoteObject wholeMap() {
    return flags == 0 ? map : null;
  }

  private @Nullable Object[] withRange(@Nullable Object[] arguments) {
    @Nullable Object[] all = new @Nullable Object[arguments.length + 3];
    all[0] = flags;
    all[1] = low;
    all[2] = high;
    System.arraycopy(arguments, 0, all, 3, arguments.length);
    return all;
  }

  /** Returns it the other way round. */
  RemoteRange descending() {
    return new RemoteRange(map, flags ^ ManagerWire.DESCENDING, low, high);
  }

  /**
   * Returns a part of it, from one key to another one as this part goes; null is its own end. The server has checked that it is one.
   */
  RemoteRange part(
      @Nullable Object from, boolean fromInclusive, @Nullable Object to, boolean toInclusive) {
    return (flags & ManagerWire.DESCENDING) == 0
        ? between(from, fromInclusive, to, toInclusive)
        : between(to, toInclusive, from, fromInclusive);
  }

  private RemoteRange between(
      @Nullable Object from, boolean fromInclusive, @Nullable Object to, boolean toInclusive) {
    int changed = flags;
    if (from != null) {
      changed = changed & ~ManagerWire.LOW_INCLUSIVE
          | ManagerWire.HAS_LOW
          | (fromInclusive ? ManagerWire.LOW_INCLUSIVE : 0);
    }
    if (to != null) {
      changed = changed & ~ManagerWire.HIGH_INCLUSIVE
          | ManagerWire.HAS_HIGH
          | (toInclusive ? ManagerWire.HIGH_INCLUSIVE : 0);
    }
    return new RemoteRange(map, changed, from == null ? low : from, to == null ? high : to);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemoteRange that
        && map.equals(that.map)
        && flags == that.flags
        && Objects.equals(low, that.low)
        && Objects.equals(high, that.high);
  }

  @Override
  public int hashCode() {
    return Objects.hash(map, flags, low, high);
  }

  @Override
  public String toString() {
    return flags == 0 ? map.toString() : "a part of " + map;
  }
}
