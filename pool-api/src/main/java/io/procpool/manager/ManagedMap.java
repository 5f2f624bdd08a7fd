// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * A map in the server of a {@link Manager}. It is a handle: it can be captured by a lambda, sent in a message or returned by a task, and is the same
 * map in each process of the session.
 *
 * <p>Each method of {@link ConcurrentMap} is one call of the server, and takes effect at one moment between call and return; keys and
 * values are copied both ways. A change of an object that was got out of the map does not change the map: put it back. Keys are compared
 * on the server by their {@code equals} and {@code hashCode}.
 *
 * <p>Functions: a lambda passed to the methods of this interface is sent, and runs on the server, atomically. One of the plain JDK type that is
 * not serializable runs here, in a loop of get and replace, as {@link ConcurrentMap} describes; it may run several times.
 *
 * <p>Iterators and the views' bulk methods go through the content as it was when they began; {@code remove} of an iterator and {@code setValue} of
 * an entry change the map.
 *
 * <p>What the JDK throws is thrown here, too, with the trace of the server as the innermost cause. {@link ManagerGoneException} if the server
 * is gone; {@link io.procpool.WaitInterruptedException} if the thread is interrupted while the server has not begun, else the interrupt
 * stays pending. Blocks for a round trip. Safe for use by multiple threads and processes.
 *
 * @param <K> type of the keys
 * @param <V> type of the values
 */
public interface ManagedMap<K, V> extends ConcurrentMap<K, V>, Serializable {
  /** As {@link java.util.Map#merge}, atomically on the server. */
  @Nullable
  V merge(K key, V value, ServerFunctions.OfTwo<? super V, ? super V, ? extends V> function);

  /** As {@link java.util.Map#compute}, atomically on the server. */
  @Nullable
  V compute(K key, ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function);

  /** As {@link java.util.Map#computeIfAbsent}, atomically on the server. */
  @Nullable
  V computeIfAbsent(K key, ServerFunctions.OfOne<? super K, ? extends V> function);

  /** As {@link java.util.Map#computeIfPresent}, atomically on the server. */
  @Nullable
  V computeIfPresent(K key, ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function);

  /** As {@link java.util.Map#replaceAll}, atomically on the server. */
  void replaceAll(ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function);

  /** Returns the operations of this map that return at once. Does not block. */
  AsyncMap<K, V> async();

  /**
   * Has a listener told of each change, from now on: key, old and new value. The listener stays in this process. Blocks for a round
   * trip.
   *
   * <p>An operation that leaves everything as it is, compared in serialized form, is no change. One that changes many places is one after the other. A listener makes changes slower,
   * most of all those of operations with functions, and bulk operations: they are compared with what was there before.
   */
  Subscription addListener(ChangeListener<? super MapChange<K, V>> listener);

  /** As {@link #cached(int)}, for 10,000 keys. */
  ManagedMap<K, V> cached();

  /**
   * Returns a handle that remembers what was read: {@code get}, {@code getOrDefault} and {@code containsKey} of a key that was read before, and has not been changed since, are
   * answered in this process. All else is done as by this handle. What this process changes it sees at once; what others change, as soon as the server's word
   * of it has arrived, so what is returned may have been replaced a moment ago. Values are copies each time.
   *
   * <p>Only keys are remembered that are strings, integers, longs, shorts, bytes, characters or booleans; of the others, and of values that contain handles, each call goes to the
   * server. When the manager is gone nothing is remembered. Blocks for a round trip. A cached handle that is sent is a plain one elsewhere.
   *
   * @param maxEntries how many keys are remembered, 1 or more; those that were not asked for longest are forgotten
   */
  ManagedMap<K, V> cached(int maxEntries);
}
