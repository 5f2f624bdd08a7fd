// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.RunnableTask;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.Manager;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.net.SocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Handle of a manager. Safe for use by multiple threads. */
public final class RemoteManager implements Manager {
  private static final long serialVersionUID = 1;

  private final RemoteObject server;
  private final transient @Nullable Runnable
      end; // what close() does; null in a process that was sent the handle

  /**
   * Makes the handle of a server to which this process is connected.
   *
   * @param end what {@link #close()} is to do
   */
  public RemoteManager(ManagerClient client, Runnable end) {
    this.server = new RemoteObject(client.server(), ManagerWire.SERVER, "server", Hold.NONE);
    this.end = end;
  }

  @Override
  public SocketAddress address() {
    return KnownManagers.client(server.server()).address();
  }

  @Override
  public Optional<String> fingerprint() {
    return KnownManagers.client(server.server()).fingerprint();
  }

  private RemoteObject open(String kind, @Nullable String name) {
    return server.open(kind, name);
  }

  private RemoteObject named(String kind, String name) {
    return server.open(kind, Objects.requireNonNull(name, "name"));
  }

  @Override
  public <K, V> ManagedMap<K, V> map() {
    return new RemoteMap<>(open("map", null));
  }

  @Override
  public <K, V> ManagedMap<K, V> map(String name) {
    return new RemoteMap<>(named("map", name));
  }

  @Override
  public <K, V> ManagedMap<K, V> dict() {
    return new RemoteMap<>(open("dict", null));
  }

  @Override
  public <K, V> ManagedMap<K, V> dict(String name) {
    return new RemoteMap<>(named("dict", name));
  }

  @Override
  public <E> ManagedList<E> list() {
    return new RemoteList<>(open("list", null));
  }

  @Override
  public <E> ManagedList<E> list(String name) {
    return new RemoteList<>(named("list", name));
  }

  @Override
  public <E> ManagedSet<E> set() {
    return new RemoteSet<>(open("set", null));
  }

  @Override
  public <E> ManagedSet<E> set(String name) {
    return new RemoteSet<>(named("set", name));
  }

  @Override
  public <E> ManagedQueue<E> queue(int capacity) {
    return new RemoteQueue<>(server.open("queue", null, checked(capacity)));
  }

  @Override
  public <E> ManagedQueue<E> queue(String name, int capacity) {
    return new RemoteQueue<>(
        server.open("queue", Objects.requireNonNull(name, "name"), checked(capacity)));
  }

  @Override
  public <E> ManagedQueue<E> lifoQueue(int capacity) {
    return new RemoteQueue<>(server.open("lifo", null, checked(capacity)));
  }

  @Override
  public <E> ManagedQueue<E> lifoQueue(String name, int capacity) {
    return new RemoteQueue<>(
        server.open("lifo", Objects.requireNonNull(name, "name"), checked(capacity)));
  }

  @Override
  public ProcessLock lock() {
    return new RemoteLock(open("lock", null));
  }

  @Override
  public ProcessLock lock(String name) {
    return new RemoteLock(named("lock", name));
  }

  @Override
  public ProcessLock reentrantLock() {
    return new RemoteLock(open("reentrantLock", null));
  }

  @Override
  public ProcessLock reentrantLock(String name) {
    return new RemoteLock(named("reentrantLock", name));
  }

  @Override
  public ProcessSemaphore semaphore(int permits) {
    return new RemoteSemaphore(server.open("semaphore", null, atLeast(0, "permits", permits)));
  }

  @Override
  public ProcessSemaphore semaphore(String name, int permits) {
    Objects.requireNonNull(name, "name");
    return new RemoteSemaphore(server.open("semaphore", name, atLeast(0, "permits", permits)));
  }

  @Override
  public ProcessSemaphore boundedSemaphore(int permits) {
    return new RemoteSemaphore(
        server.open("boundedSemaphore", null, atLeast(1, "permits", permits)));
  }

  @Override
  public ProcessSemaphore boundedSemaphore(String name, int permits) {
    Objects.requireNonNull(name, "name");
    return new RemoteSemaphore(
        server.open("boundedSemaphore", name, atLeast(1, "permits", permits)));
  }

  @Override
  public ProcessEvent event() {
    return new RemoteEvent(open("event", null));
  }

  @Override
  public ProcessEvent event(String name) {
    return new RemoteEvent(named("event", name));
  }

  @Override
  public ProcessBarrier barrier(int parties) {
    return new RemoteBarrier(server.open("barrier", null, atLeast(1, "parties", parties)), null);
  }

  @Override
  public ProcessBarrier barrier(int parties, RunnableTask action) {
    Objects.requireNonNull(action, "action");
    return new RemoteBarrier(server.open("barrier", null, atLeast(1, "parties", parties)), action);
  }

  @Override
  public ProcessBarrier barrier(String name, int parties) {
    Objects.requireNonNull(name, "name");
    return new RemoteBarrier(server.open("barrier", name, atLeast(1, "parties", parties)), null);
  }

  @Override
  public ProcessBarrier barrier(String name, int parties, RunnableTask action) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(action, "action");
    return new RemoteBarrier(server.open("barrier", name, atLeast(1, "parties", parties)), action);
  }

  @Override
  public ProcessCountDownLatch countDownLatch(int count) {
    return new RemoteCountDownLatch(server.open("latch", null, atLeast(0, "count", count)));
  }

  @Override
  public ProcessCountDownLatch countDownLatch(String name, int count) {
    Objects.requireNonNull(name, "name");
    return new RemoteCountDownLatch(server.open("latch", name, atLeast(0, "count", count)));
  }

  private static int atLeast(int least, String what, int number) {
    if (number < least) {
      throw new IllegalArgumentException(
          what + ": " + number + " (expected: " + least + " or more)");
    }
    return number;
  }

  private static int checked(int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity: " + capacity + " (expected: 1 or more)");
    }
    return capacity;
  }

  @Override
  @SuppressWarnings("unchecked")
  public List<String> names() {
    return (List<String>) Objects.requireNonNull(server.call("names()"));
  }

  @Override
  public boolean remove(String name) {
    return server.callBoolean("remove(String)", Objects.requireNonNull(name, "name"));
  }

  @Override
  public int objectCount() {
    return server.callInt("objectCount()");
  }

  @Override
  public void close() {
    Runnable ending = end;
    if (ending != null) {
      ending.run();
    }
  }

  @Override
  public String toString() {
    return "Manager[" + server.server() + "]";
  }
}
