// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a {@link ManagedMap} that return at once; made by {@link ManagedMap#async()}. Many of them share a message, so that a thread can have
 * several hundred thousand done in a second.
 *
 * <pre>{@code
 * AsyncMap<String, Integer> async = map.async();
 * List<CompletableFuture<Integer>> puts = new ArrayList<>();
 * for (String word : words) {
 *   puts.add(async.put(word, word.length()));
 * }
 * CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new)).join();
 * }</pre>
 *
 * <p><b>Order.</b> What a thread asks a manager for is done in the order in which it asked, whether it waits or not.
 *
 * <p><b>Failure.</b> What the blocking operation throws completes the future. The methods themselves throw {@link
 * io.procpool.channel.NotSerializableMessageException} if an argument cannot be sent; nothing was done then. Arguments are copied before a method returns. A method
 * only blocks if a megabyte has not been read by the server yet.
 *
 * <p><b>Futures.</b> Their callbacks run in a thread of the client, in the order of the replies; if one takes more than 20 ms another thread goes on with
 * the next. {@code cancel} asks the server and waits for its answer: true says that the operation has not been done and never will. To complete one by oneself, or
 * by {@code orTimeout}, ends the waiting and not the operation.
 *
 * <p>Safe for use by multiple threads.
 *
 * @param <K> type of the keys
 * @param <V> type of the values
 */
public interface AsyncMap<K, V> extends Serializable {
  /** As {@link java.util.Map#get}; null if there is none. */
  CompletableFuture<@Nullable V> get(K key);

  /** As {@link java.util.Map#containsKey}. */
  CompletableFuture<Boolean> containsKey(K key);

  /** As {@link java.util.Map#put}. */
  CompletableFuture<@Nullable V> put(K key, V value);

  /** As {@link java.util.Map#putIfAbsent}. */
  CompletableFuture<@Nullable V> putIfAbsent(K key, V value);

  /** As {@link java.util.Map#remove(Object)}. */
  CompletableFuture<@Nullable V> remove(K key);

  /** As {@link java.util.Map#remove(Object, Object)}. */
  CompletableFuture<Boolean> remove(K key, V value);

  /** As {@link java.util.Map#replace(Object, Object)}. */
  CompletableFuture<@Nullable V> replace(K key, V value);

  /** As {@link java.util.Map#replace(Object, Object, Object)}. */
  CompletableFuture<Boolean> replace(K key, V before, V after);

  /** As {@link ManagedMap#merge(Object, Object, ServerFunctions.OfTwo)}. */
  CompletableFuture<@Nullable V> merge(
      K key, V value, ServerFunctions.OfTwo<? super V, ? super V, ? extends V> function);

  /** As {@link ManagedMap#compute(Object, ServerFunctions.OfTwo)}. */
  CompletableFuture<@Nullable V> compute(
      K key, ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function);

  /** As {@link java.util.Map#size}. */
  CompletableFuture<Integer> size();
}
