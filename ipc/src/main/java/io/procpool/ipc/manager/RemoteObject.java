// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import org.jspecify.annotations.Nullable;

/** Which object of which manager a handle stands for. A process connects when it first uses one. Immutable. */
final class RemoteObject implements Remote {
  private static final long serialVersionUID = 1;

  private final String server;
  private final long number;
  private final String kind;

  RemoteObject(String server, long number, String kind) {
    this.server = server;
    this.number = number;
    this.kind = kind;
  }

  @Override
  public @Nullable Object call(String operation, @Nullable Object... arguments) {
    return KnownManagers.client(server).call(number, operation, arguments);
  }

  /** Opens an object; this is the server. The arguments are what that kind needs to be made. */
  RemoteObject open(String wanted, @Nullable String name, @Nullable Object... arguments) {
    Object[] all = new Object[arguments.length + 2];
    all[0] = wanted;
    all[1] = name;
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    Object opened = call(ManagerWire.OPEN, all);
    return new RemoteObject(server, opened instanceof Long made ? made : -1, wanted);
  }

  /** Returns another object of the same server. */
  RemoteObject sibling(long number, String kind) {
    return new RemoteObject(server, number, kind);
  }

  String server() {
    return server;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RemoteObject that
        && number == that.number
        && server.equals(that.server);
  }

  @Override
  public int hashCode() {
    return 31 * server.hashCode() + Long.hashCode(number);
  }

  @Override
  public String toString() {
    return kind + " " + number + " of the manager " + server;
  }
}
