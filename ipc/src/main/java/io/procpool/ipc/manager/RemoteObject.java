// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.Shipment;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.ref.Reference;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Which object of which manager a handle stands for. A process connects when it is first sent one, or uses it. Immutable. */
final class RemoteObject implements Remote {
  /*
   * Life. As long as a process has a handle, it refers to `held`, and the server keeps the object. A handle that is put into a message for another process is
   *       lent: the server keeps the object for the message, too, until who gets it has said that he has it, or the sender knows that
   *       it will not arrive. One that is sent to the server itself, or by it, is named in the message.
   */
  private static final long serialVersionUID = 1;

  private final transient String server;
  private final transient long number;
  private final transient String kind;
  private final transient @Nullable Object
      held; // null if there is no such object (any more), as far as is known

  RemoteObject(String server, long number, String kind, @Nullable Object held) {
    this.server = server;
    this.number = number;
    this.kind = kind;
    this.held = held;
  }

  @Override
  public @Nullable Object call(String operation, @Nullable Object... arguments) {
    ServersHere.checkNotAt(server, number);
    try {
      return KnownManagers.client(server).call(number, operation, arguments);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** As {@link #call(String, Object...)}, and says what an interrupt does. */
  @Nullable
  Object call(OnInterrupt onInterrupt, String operation, @Nullable Object... arguments) {
    ServersHere.checkNotAt(server, number);
    try {
      return KnownManagers.client(server).call(onInterrupt, number, operation, arguments);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      String operation, @Nullable Object... arguments) {
    ServersHere.checkNotAt(server, number);
    return KnownManagers.client(server).callAsync(this, number, operation, arguments);
  }

  @Override
  public Pages.Page page(String operation, @Nullable Object... arguments) {
    ServersHere.checkNotAt(server, number);
    String paged = operation.equals(ManagerWire.NEXT) ? operation : ManagerWire.PAGED + operation;
    try {
      return KnownManagers.client(server).page(number, paged, arguments);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Opens an object; this is the server. The arguments are what that kind needs to be made. */
  RemoteObject open(String wanted, @Nullable String name, @Nullable Object... arguments) {
    Object[] all = new Object[arguments.length + 2];
    all[0] = wanted;
    all[1] = name;
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return KnownManagers.client(server).open(wanted, all);
  }

  /** Does something that returns the number of another object, and returns that; null if it returns null. */
  @Nullable
  RemoteObject callForObject(String kind, String operation, @Nullable Object... arguments) {
    ServersHere.checkNotAt(server, number);
    try {
      return KnownManagers.client(server).callForObject(number, kind, operation, arguments);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Makes an object on the same server that needs this one to be made. */
  RemoteObject makeWith(String wanted) {
    try {
      return KnownManagers.client(server)
          .open(wanted, new @Nullable Object[] {wanted, null, number});
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  String server() {
    return server;
  }

  long number() {
    return number;
  }

  String kind() {
    return kind;
  }

  private Object writeReplace() {
    if (number == ManagerWire.SERVER || SentObjects.note(server, number)) {
      return new Sent(server, number, kind, ManagerWire.NO_TICKET);
    }
    return new Sent(server, number, kind, Shipment.isRunning() ? lend() : ManagerWire.NO_TICKET);
  }

  private long lend() {
    ManagerClient client = KnownManagers.connected(server);
    if (client == null) {
      return ManagerWire
          .NO_TICKET; // this process has never used it, and is not the one that keeps it
    }
    long ticket = client.lend(number);
    Shipment.add(() -> {
      client.takeBack(ticket);
      Reference.reachabilityFence(this); // kept until here
    });
    return ticket;
  }

  @SuppressWarnings("unused")
  private void readObject(ObjectInputStream in) throws InvalidObjectException {
    throw new InvalidObjectException("a handle is sent in another form");
  }

  /** A handle in a message. */
  private static final class Sent implements Serializable {
    private static final long serialVersionUID = 1;

    private final String server;
    private final long number;
    private final String kind;
    private final long ticket;

    Sent(String server, long number, String kind, long ticket) {
      this.server = server;
      this.number = number;
      this.kind = kind;
      this.ticket = ticket;
    }

    private Object readResolve() {
      return new RemoteObject(server, number, kind, KnownManagers.hold(server, number, ticket));
    }
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
