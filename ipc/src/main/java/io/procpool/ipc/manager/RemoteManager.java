// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.PoolOptions;
import io.procpool.RunnableTask;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedDeque;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedNamespace;
import io.procpool.manager.ManagedPool;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ServerFunctions;
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
  public <K, V> ManagedSortedMap<K, V> sortedMap() {
    return sorted(open("sorted map", null));
  }

  @Override
  public <K, V> ManagedSortedMap<K, V> sortedMap(ServerFunctions.Order<? super K> order) {
    return sorted(made("sorted map", null, Objects.requireNonNull(order, "order")));
  }

  @Override
  public <K, V> ManagedSortedMap<K, V> sortedMap(String name) {
    return sorted(named("sorted map", name));
  }

  @Override
  public <K, V> ManagedSortedMap<K, V> sortedMap(
      String name, ServerFunctions.Order<? super K> order) {
    Objects.requireNonNull(name, "name");
    return sorted(made("sorted map", name, Objects.requireNonNull(order, "order")));
  }

  private static <K, V> ManagedSortedMap<K, V> sorted(RemoteObject map) {
    return new RemoteSortedMap<>(RemoteRange.whole(map));
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
  public <E> ManagedDeque<E> deque(int capacity) {
    return new RemoteDeque<>(server.open("deque", null, checked(capacity)));
  }

  @Override
  public <E> ManagedDeque<E> deque(String name, int capacity) {
    return new RemoteDeque<>(
        server.open("deque", Objects.requireNonNull(name, "name"), checked(capacity)));
  }

  @Override
  public <E> ManagedQueue<E> priorityQueue(int capacity) {
    return new RemoteQueue<>(server.open("priority queue", null, checked(capacity)));
  }

  @Override
  public <E> ManagedQueue<E> priorityQueue(int capacity, ServerFunctions.Order<? super E> order) {
    Objects.requireNonNull(order, "order");
    return new RemoteQueue<>(made("priority queue", null, checked(capacity), order));
  }

  @Override
  public <E> ManagedQueue<E> priorityQueue(String name, int capacity) {
    return new RemoteQueue<>(
        server.open("priority queue", Objects.requireNonNull(name, "name"), checked(capacity)));
  }

  @Override
  public <E> ManagedQueue<E> priorityQueue(
      String name, int capacity, ServerFunctions.Order<? super E> order) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(order, "order");
    return new RemoteQueue<>(made("priority queue", name, checked(capacity), order));
  }

  // Values.

  @Override
  public <T extends @Nullable Object> ManagedValue<T> value(T initial) {
    return new RemoteValue<>(made("value", null, initial));
  }

  @Override
  public <T extends @Nullable Object> ManagedValue<T> value(String name, T initial) {
    return new RemoteValue<>(made("value", Objects.requireNonNull(name, "name"), initial));
  }

  /** Opens what may be made by code of users: the server does that in its time, and here it is waited for. */
  private RemoteObject made(String kind, @Nullable String name, @Nullable Object... arguments) {
    RemoteObject opened = server.open(kind, name, arguments);
    opened.call(ManagerWire.MADE);
    return opened;
  }

  @Override
  public ManagedLong atomicLong() {
    return new RemoteLong(server.open("atomic long", null, 0L));
  }

  @Override
  public ManagedLong atomicLong(String name) {
    return new RemoteLong(server.open("atomic long", Objects.requireNonNull(name, "name"), 0L));
  }

  @Override
  public <E extends @Nullable Object> ManagedArray<E> array(int length) {
    return new RemoteArray<>(server.open("array", null, checkedLength(length)), length);
  }

  @Override
  public <E extends @Nullable Object> ManagedArray<E> array(String name, int length) {
    Objects.requireNonNull(name, "name");
    RemoteObject opened = server.open("array", name, checkedLength(length));
    int there = opened.callInt("length()");
    if (there != length) {
      throw new ManagerException("length: " + length + " (expected: " + there + ", because \""
          + name + "\" is an array of that length)");
    }
    return new RemoteArray<>(opened, length);
  }

  private static int checkedLength(int length) {
    if (length < 0) {
      throw new IllegalArgumentException("length: " + length + " (expected: 0 or more)");
    }
    return length;
  }

  @Override
  public ManagedNamespace namespace() {
    return new RemoteNamespace(open("namespace", null));
  }

  @Override
  public ManagedNamespace namespace(String name) {
    return new RemoteNamespace(named("namespace", name));
  }

  @Override
  public ManagedPool pool(int workers) {
    return new RemotePool(made("pool", null, checkedWorkers(workers)));
  }

  @Override
  public ManagedPool pool(String name, int workers) {
    return new RemotePool(
        made("pool", Objects.requireNonNull(name, "name"), checkedWorkers(workers)));
  }

  private static int checkedWorkers(int workers) {
    if (workers < 1 || workers > PoolOptions.MAX_WORKERS) {
      throw new IllegalArgumentException(
          "workers: " + workers + " (expected: 1 to " + PoolOptions.MAX_WORKERS + ")");
    }
    return workers;
  }

  // Types of the user's own.

  @Override
  public <T> T object(String registered, Class<T> interfaceType) {
    return proxy(registered, null, interfaceType);
  }

  @Override
  public <T> T object(String registered, String name, Class<T> interfaceType) {
    return proxy(registered, Objects.requireNonNull(name, "name"), interfaceType);
  }

  private <T> T proxy(String registered, @Nullable String name, Class<T> interfaceType) {
    String kind = ManagerWire.REGISTERED + Objects.requireNonNull(registered, "registered");
    String wanted = checkedInterface(interfaceType).getName();
    return RemoteInvocation.proxy(interfaceType, made(kind, name, wanted));
  }

  @Override
  public <T> T create(Class<T> interfaceType, ServerFunctions.Factory<? extends T> factory) {
    Objects.requireNonNull(factory, "factory");
    return RemoteInvocation.proxy(
        interfaceType, made(ManagerWire.CREATED, null, checkedInterface(interfaceType), factory));
  }

  private static Class<?> checkedInterface(Class<?> type) {
    if (!type.isInterface()) {
      throw new IllegalArgumentException(
          "interfaceType: " + type.getName() + " (expected: an interface)");
    }
    return type;
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
