// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.util.NavigableSet;
import java.util.concurrent.ConcurrentNavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * A map in the server of a {@link Manager} that is sorted by its keys, without nulls: as {@link java.util.concurrent.ConcurrentSkipListMap}. What {@link ManagedMap} says
 * holds here.
 *
 * <p>Keys are compared on the server, by the order that the map was made with, or by their {@code compareTo}: a key that cannot be compared with those there is a {@link
 * ClassCastException}, as in the JDK.
 *
 * <p>Views ({@code subMap}, {@code headMap}, {@code tailMap}, {@code descendingMap}, and sets of their keys) are handles, too, of a part of the same map; to get one is a call
 * of the server, which checks the range. {@link #comparator()} is a copy.
 *
 * @param <K> type of the keys
 * @param <V> type of the values
 */
public interface ManagedSortedMap<K, V> extends ConcurrentNavigableMap<K, V>, ManagedMap<K, V> {
  @Override
  ManagedSortedMap<K, V> subMap(K from, boolean fromInclusive, K to, boolean toInclusive);

  @Override
  ManagedSortedMap<K, V> headMap(K to, boolean inclusive);

  @Override
  ManagedSortedMap<K, V> tailMap(K from, boolean inclusive);

  @Override
  ManagedSortedMap<K, V> subMap(K from, K to);

  @Override
  ManagedSortedMap<K, V> headMap(K to);

  @Override
  ManagedSortedMap<K, V> tailMap(K from);

  @Override
  ManagedSortedMap<K, V> descendingMap();

  @Override
  NavigableSet<K> keySet();

  @Override
  @Nullable
  V getOrDefault(@Nullable Object key, @Nullable V otherwise);
}
