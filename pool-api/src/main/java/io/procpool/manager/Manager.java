// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import io.procpool.RunnableTask;
import io.procpool.spi.Managers;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.IOException;
import java.io.Serializable;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Objects that any process can use, in a server: maps, lists, sets and queues with the interfaces of the JDK, values, locks and the like, and objects
 * of the user's own types.
 *
 * <pre>{@code
 * try (Manager manager = Manager.start()) {
 *   ManagedMap<String, Integer> counts = manager.map();
 *   pool.map(word -> counts.merge(word, 1, (a, b) -> a + b), words);
 * }
 * }</pre>
 *
 * <p>An object without a name is a new one each time; one with a name is made by who first asks for it, and found by the others, in any program that is
 * connected.
 *
 * <p><b>Life of objects.</b> One with a name lives until {@link #remove} takes the name away. Others live as long as a handle of them is somewhere: in a
 * process that is connected, in another object that lives, or in a message or task on its way to another process. When the last one is gone the server's
 * garbage collector takes the object at some time; objects that only have each other go, too, but not if they are in different managers. What a dead process had
 * is forgotten; what it had sent before, and was not received yet, is kept for a minute. A handle that is kept by other means, such as a file, keeps nothing.
 *
 * <p>A manager is a handle itself: it can be captured and sent within the session. Safe for use by multiple threads.
 */
public interface Manager extends AutoCloseable, Serializable {
  /** How long {@link #connect(SocketAddress, byte[])} tries. */
  Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /**
   * Starts a server in a JVM of its own, which ends with this process at the latest. It listens on a Unix domain socket that only this user can
   * open, in the directory of the session. Blocks until it listens, for the start of a JVM.
   *
   * @throws ManagerException if it does not start; the message says why
   */
  static Manager start() {
    return start(ManagerOptions.builder().build());
  }

  /**
   * Starts a server as the options say. Blocks until it listens.
   *
   * @throws ManagerException if it does not start; the message says why
   */
  static Manager start(ManagerOptions options) {
    return Managers.installed().start(options);
  }

  /**
   * Starts a server in this JVM, for clients anywhere. Beyond the loopback interface it uses TLS, with a certificate that is made for it; for other ways
   * see {@link ManagerOptions}. Blocks until it listens.
   *
   * @param address where it listens, such as {@code new InetSocketAddress("0.0.0.0", 4000)}; port 0 for a free one
   * @param key what clients must have, 16 bytes or more, random ones; it is copied
   * @throws ManagerException if it does not start; the message says why
   */
  static Manager serve(SocketAddress address, byte[] key) {
    return start(ManagerOptions.builder().hosted(true).address(address).key(key).build());
  }

  /**
   * Connects to a server that another program has started; as {@link #connect(SocketAddress, byte[], Duration)}, with {@link #CONNECT_TIMEOUT}.
   */
  static Manager connect(SocketAddress address, byte[] key)
      throws IOException, InterruptedException {
    return connect(address, key, CONNECT_TIMEOUT);
  }

  /** Connects to a server that another program has started; as {@link #connect(SocketAddress, byte[], ConnectOptions)}, with this timeout. */
  static Manager connect(SocketAddress address, byte[] key, Duration timeout)
      throws IOException, InterruptedException {
    return connect(address, key, ConnectOptions.builder().timeout(timeout).build());
  }

  /**
   * Connects to a server that another program has started. From then on its handles also work in this process and those of its session. Blocks
   * until the server has answered. With TLS the key proves the server's certificate, too; a fingerprint or a trust store is not needed if the key is random.
   *
   * @param address a {@link java.net.UnixDomainSocketAddress} or {@link java.net.InetSocketAddress}
   * @param key the server's key, 16 bytes or more; both sides prove that they have it, and it is not sent
   * @throws WrongCertificateException if the server has another certificate than the options allow
   * @throws io.procpool.channel.WrongKeyException if one of the two has another key, or somebody between them presents a certificate of his own
   * @throws java.net.SocketTimeoutException if it does not answer in time
   * @throws IOException if nobody listens there, or who does is no manager of this version
   * @throws InterruptedException if the thread is interrupted
   */
  static Manager connect(SocketAddress address, byte[] key, ConnectOptions options)
      throws IOException, InterruptedException {
    return Managers.installed().connect(address, key, options);
  }

  /** Returns where the server listens. */
  SocketAddress address();

  /**
   * Returns the SHA-256 fingerprint of the server's certificate, as {@code openssl x509 -fingerprint -sha256} writes it; nothing if the server does not use TLS. Clients can be given it, for
   * {@link ConnectOptions.Builder#fingerprint(String)}.
   */
  Optional<String> fingerprint();

  /** Makes a map without nulls, as {@link java.util.concurrent.ConcurrentHashMap} has none. */
  <K, V> ManagedMap<K, V> map();

  /**
   * Returns the map of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  <K, V> ManagedMap<K, V> map(String name);

  /** Makes a dict: a map that may hold null, as key and as value, and keeps the order in which keys were added. */
  <K, V> ManagedMap<K, V> dict();

  /**
   * Returns the dict of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  <K, V> ManagedMap<K, V> dict(String name);

  /** Makes a sorted map without nulls, in the natural order of its keys. */
  <K, V> ManagedSortedMap<K, V> sortedMap();

  /** Makes a sorted map without nulls, in an order that is sent to the server. */
  <K, V> ManagedSortedMap<K, V> sortedMap(ServerFunctions.Order<? super K> order);

  /**
   * Returns the sorted map of a name, which is made if there is none, in the natural order of its keys.
   *
   * @throws ManagerException if something of another kind has that name
   */
  <K, V> ManagedSortedMap<K, V> sortedMap(String name);

  /**
   * Returns the sorted map of a name, which is made in this order if there is none.
   *
   * @param order ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  <K, V> ManagedSortedMap<K, V> sortedMap(String name, ServerFunctions.Order<? super K> order);

  /** Makes a list. */
  <E> ManagedList<E> list();

  /**
   * Returns the list of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  <E> ManagedList<E> list(String name);

  /** Makes a set. */
  <E> ManagedSet<E> set();

  /**
   * Returns the set of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  <E> ManagedSet<E> set(String name);

  /**
   * Makes a queue: first in, first out.
   *
   * @param capacity how many elements it has at most, 1 or more
   */
  <E> ManagedQueue<E> queue(int capacity);

  /**
   * Returns the queue of a name, which is made with this capacity if there is none: first in, first out.
   *
   * @param capacity how many elements it has at most, 1 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  <E> ManagedQueue<E> queue(String name, int capacity);

  /**
   * Makes a queue: last in, first out.
   *
   * @param capacity how many elements it has at most, 1 or more
   */
  <E> ManagedQueue<E> lifoQueue(int capacity);

  /**
   * Returns the queue of a name, which is made with this capacity if there is none: last in, first out.
   *
   * @param capacity how many elements it has at most, 1 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  <E> ManagedQueue<E> lifoQueue(String name, int capacity);

  /**
   * Makes a queue with two ends.
   *
   * @param capacity how many elements it has at most, 1 or more
   */
  <E> ManagedDeque<E> deque(int capacity);

  /**
   * Returns the queue with two ends of a name, which is made with this capacity if there is none.
   *
   * @param capacity how many elements it has at most, 1 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  <E> ManagedDeque<E> deque(String name, int capacity);

  /**
   * Makes a queue whose lowest element is taken first, as {@code compareTo} says on the server; of equal ones the one that was put first. To put something that cannot
   * be compared with what is there is a {@link ClassCastException}. Unlike other queues it needs the classes of its elements.
   *
   * @param capacity how many elements it has at most, 1 or more
   */
  <E> ManagedQueue<E> priorityQueue(int capacity);

  /**
   * As {@link #priorityQueue(int)}, in an order that is sent to the server.
   *
   * @param capacity how many elements it has at most, 1 or more
   */
  <E> ManagedQueue<E> priorityQueue(int capacity, ServerFunctions.Order<? super E> order);

  /**
   * Returns the priority queue of a name, which is made as by {@link #priorityQueue(int)} if there is none.
   *
   * @param capacity how many elements it has at most, 1 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  <E> ManagedQueue<E> priorityQueue(String name, int capacity);

  /**
   * Returns the priority queue of a name, which is made as by {@link #priorityQueue(int, ServerFunctions.Order)} if there is none.
   *
   * @param capacity how many elements it has at most, 1 or more; ignored if there is one of that name
   * @param order ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  <E> ManagedQueue<E> priorityQueue(
      String name, int capacity, ServerFunctions.Order<? super E> order);

  // Values.

  /** Makes a value, which may be null. */
  <T extends @Nullable Object> ManagedValue<T> value(T initial);

  /**
   * Returns the value of a name, which is made if there is none.
   *
   * @param initial ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  <T extends @Nullable Object> ManagedValue<T> value(String name, T initial);

  /** Makes an atomic number, 0 at first. */
  ManagedLong atomicLong();

  /**
   * Returns the atomic number of a name, which is made if there is none, 0 at first.
   *
   * @throws ManagerException if something of another kind has that name
   */
  ManagedLong atomicLong(String name);

  /**
   * Makes an array, null in each place.
   *
   * @param length how many elements it has, 0 or more
   */
  <E extends @Nullable Object> ManagedArray<E> array(int length);

  /**
   * Returns the array of a name, which is made if there is none, null in each place.
   *
   * @param length how many elements it has, 0 or more
   * @throws ManagerException if something of another kind has that name, or an array of another length
   */
  <E extends @Nullable Object> ManagedArray<E> array(String name, int length);

  /** Makes a namespace. */
  ManagedNamespace namespace();

  /**
   * Returns the namespace of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  ManagedNamespace namespace(String name);

  /**
   * Starts a pool of worker processes of the server's. Blocks until the server has begun.
   *
   * @param workers how many, 1 to {@value io.procpool.PoolOptions#MAX_WORKERS}
   */
  ManagedPool pool(int workers);

  /**
   * Returns the pool of a name, which is started if there is none.
   *
   * @param workers how many, 1 to {@value io.procpool.PoolOptions#MAX_WORKERS}; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  ManagedPool pool(String name, int workers);

  // Types of the user's own.

  /**
   * Makes an object of a {@linkplain ManagerOptions.Builder#register registered} type, and returns a proxy of it: its methods run on the server, one call
   * at a time for each object, and block until that has replied. Arguments and results are copied, unless a result is marked with {@link ByProxy}. What a method throws is
   * thrown here, checked exceptions too, with the trace of the server as the innermost cause. Default methods run on the server, too.
   *
   * <p>A proxy is a handle, as {@link ManagedMap} is; what that says of failures, interruption and threads holds here. Two proxies are equal if they stand for the same
   * object; {@code equals}, {@code hashCode} and {@code toString} do not ask the server.
   *
   * <p>With a {@linkplain ManagerOptions.Builder#store store} the object must be serializable, unless it is marked with {@link NotKept}.
   *
   * @param registered the name of the type
   * @param interfaceType the interface that was registered, or one that it extends
   * @throws ManagerException if no such type is registered, or its interface is another one
   */
  <T> T object(String registered, Class<T> interfaceType);

  /**
   * Returns the object of a name, which is made as by {@link #object(String, Class)} if there is none.
   *
   * @throws ManagerException if something of another kind has that name, too
   */
  <T> T object(String registered, String name, Class<T> interfaceType);

  /**
   * Makes an object on the server by a factory that is sent there, and returns a proxy of it, as {@link #object(String, Class)}. Throws what the factory throws.
   */
  <T> T create(Class<T> interfaceType, ServerFunctions.Factory<? extends T> factory);

  /**
   * Returns the names of the objects that have one, in their order. Blocks for a round trip.
   */
  List<String> names();

  /**
   * Takes the name away from an object, which then lives as those without a name do. Blocks for a round trip.
   *
   * @return whether something had that name
   */
  boolean remove(String name);

  /** Returns how many objects the server has, as far as its garbage collector knows; for reports. Blocks for a round trip. */
  int objectCount();

  /**
   * Makes a plain lock: a thread that acquires it a second time waits for itself, until its timeout. It is that of {@link ProcessLock}, but in the server:
   *
   * <ul>
   *   <li>it is between all processes that are connected, not only those of a session, and needs no shared memory;
   *   <li>who waits gets it in the order of coming;
   *   <li>each operation is a call of the server, some microseconds. One that waits fails with {@link ManagerGoneException} when the server ends; the hold has ended with it
   *       then, so do not rely on what it guarded. After a restart with a {@linkplain ManagerOptions.Builder#store store} the lock is free, and its next owner is told;
   *   <li>an owner counts as dead when its connection has ended, which is a moment after its process has; who waits is told at once.
   * </ul>
   *
   * <p>The same holds for everything else here that has an interface of {@link io.procpool.sync}.
   */
  ProcessLock lock();

  /**
   * Returns the plain lock of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  ProcessLock lock(String name);

  /** Makes a re-entrant lock; as {@link #lock()}, but a thread can acquire it again, and releases it as often. */
  ProcessLock reentrantLock();

  /**
   * Returns the re-entrant lock of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  ProcessLock reentrantLock(String name);

  /**
   * Makes a semaphore that any process may release, also what it did not acquire. Who waits gets permits in the order of coming, but somebody who waits for
   * more than there are does not keep others from what there is.
   *
   * <p>The server keeps an account of what each process has acquired and not released; what somebody else releases is taken off the accounts of others, the oldest first. What a dead process has
   * comes back, as long as there are not more permits than at first then. So those of a semaphore that guards something come back, and one that begins with 0 and counts
   * what was made does not count again what a dead process had taken.
   *
   * @param permits 0 or more
   */
  ProcessSemaphore semaphore(int permits);

  /**
   * Returns the semaphore of a name, which is made with these permits if there is none.
   *
   * @param permits 0 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  ProcessSemaphore semaphore(String name, int permits);

  /**
   * Makes a semaphore that never has more permits than at first; otherwise as {@link #semaphore(int)}. All permits of a dead process come back.
   *
   * @param permits 1 or more
   */
  ProcessSemaphore boundedSemaphore(int permits);

  /**
   * Returns the bounded semaphore of a name, which is made with these permits if there is none.
   *
   * @param permits 1 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  ProcessSemaphore boundedSemaphore(String name, int permits);

  /** Makes an event that is not set; as {@link ProcessEvent}, in the server. */
  ProcessEvent event();

  /**
   * Returns the event of a name, which is made if there is none.
   *
   * @throws ManagerException if something of another kind has that name
   */
  ProcessEvent event(String name);

  /**
   * Makes a barrier; as {@link ProcessBarrier}, in the server.
   *
   * @param parties how many wait for each other, 1 or more
   */
  ProcessBarrier barrier(int parties);

  /**
   * Makes a barrier with an action, which the last one to come runs in its own process before anybody passes. The action travels with the handles
   * and must be serializable.
   *
   * @param parties how many wait for each other, 1 or more
   */
  ProcessBarrier barrier(int parties, RunnableTask action);

  /**
   * Returns the barrier of a name, which is made for so many if there is none.
   *
   * @param parties 1 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  ProcessBarrier barrier(String name, int parties);

  /**
   * As {@link #barrier(String, int)}, with an action, which belongs to this handle and its copies: it is run if the last one to come has come with one of them.
   */
  ProcessBarrier barrier(String name, int parties, RunnableTask action);

  /**
   * Makes a latch; as {@link ProcessCountDownLatch}, in the server.
   *
   * @param count 0 or more
   */
  ProcessCountDownLatch countDownLatch(int count);

  /**
   * Returns the latch of a name, which is made with this count if there is none.
   *
   * @param count 0 or more; ignored if there is one of that name
   * @throws ManagerException if something of another kind has that name
   */
  ProcessCountDownLatch countDownLatch(String name, int count);

  /**
   * Ends the server if this object has started it, and this process's connection to it if it has made that; a handle that was captured or sent does
   * nothing. Who waits for the server gets a {@link
   * ManagerGoneException}. Blocks until the server has ended, 10 seconds at most, then it is killed.
   */
  @Override
  void close();
}
