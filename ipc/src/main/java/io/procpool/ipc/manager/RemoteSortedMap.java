// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.ManagedSortedMap;
import java.util.Comparator;
import java.util.NavigableSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Handle of a sorted map, or of a part of one. Safe for use by multiple threads. */
@SuppressWarnings("unchecked")
final class RemoteSortedMap<K, V> extends RemoteMap<K, V> implements ManagedSortedMap<K, V> {
  private static final long serialVersionUID = 1;

  private final RemoteRange range;

  RemoteSortedMap(RemoteRange range) {
    super(range);
    this.range = range;
  }

  private @Nullable Entry<K, V> entry(String operation, @Nullable Object... arguments) {
    return (Entry<K, V>) range.call(operation, arguments);
  }

  private @Nullable K key(String operation, @Nullable Object... arguments) {
    return (K) range.call(operation, arguments);
  }

  @Override
  public @Nullable Comparator<? super K> comparator() {
    return (Comparator<? super K>) range.call("comparator()");
  }

  // Keys.

  @Override
  public K firstKey() {
    return Objects.requireNonNull(key("firstKey()"));
  }

  @Override
  public K lastKey() {
    return Objects.requireNonNull(key("lastKey()"));
  }

  @Override
  public @Nullable K lowerKey(K key) {
    return key("lowerKey(Object)", key);
  }

  @Override
  public @Nullable K floorKey(K key) {
    return key("floorKey(Object)", key);
  }

  @Override
  public @Nullable K ceilingKey(K key) {
    return key("ceilingKey(Object)", key);
  }

  @Override
  public @Nullable K higherKey(K key) {
    return key("higherKey(Object)", key);
  }

  // Entries, which are copies.

  @Override
  public @Nullable Entry<K, V> firstEntry() {
    return entry("firstEntry()");
  }

  @Override
  public @Nullable Entry<K, V> lastEntry() {
    return entry("lastEntry()");
  }

  @Override
  public @Nullable Entry<K, V> pollFirstEntry() {
    return entry("pollFirstEntry()");
  }

  @Override
  public @Nullable Entry<K, V> pollLastEntry() {
    return entry("pollLastEntry()");
  }

  @Override
  public @Nullable Entry<K, V> lowerEntry(K key) {
    return entry("lowerEntry(Object)", key);
  }

  @Override
  public @Nullable Entry<K, V> floorEntry(K key) {
    return entry("floorEntry(Object)", key);
  }

  @Override
  public @Nullable Entry<K, V> ceilingEntry(K key) {
    return entry("ceilingEntry(Object)", key);
  }

  @Override
  public @Nullable Entry<K, V> higherEntry(K key) {
    return entry("higherEntry(Object)", key);
  }

  // Parts.

  @Override
  public ManagedSortedMap<K, V> subMap(K from, boolean fromInclusive, K to, boolean toInclusive) {
    range.call("subMap(Object,boolean,Object,boolean)", from, fromInclusive, to, toInclusive);
    return new RemoteSortedMap<>(range.part(from, fromInclusive, to, toInclusive));
  }

  @Override
  public ManagedSortedMap<K, V> headMap(K to, boolean inclusive) {
    range.call("headMap(Object,boolean)", to, inclusive);
    return new RemoteSortedMap<>(range.part(null, false, to, inclusive));
  }

  @Override
  public ManagedSortedMap<K, V> tailMap(K from, boolean inclusive) {
    range.call("tailMap(Object,boolean)", from, inclusive);
    return new RemoteSortedMap<>(range.part(from, inclusive, null, false));
  }

  @Override
  public ManagedSortedMap<K, V> subMap(K from, K to) {
    return subMap(from, true, to, false);
  }

  @Override
  public ManagedSortedMap<K, V> headMap(K to) {
    return headMap(to, false);
  }

  @Override
  public ManagedSortedMap<K, V> tailMap(K from) {
    return tailMap(from, true);
  }

  @Override
  public ManagedSortedMap<K, V> descendingMap() {
    return new RemoteSortedMap<>(range.descending());
  }

  // Sets of keys.

  @Override
  public NavigableSet<K> keySet() {
    return new RemoteKeys<>(this);
  }

  @Override
  public NavigableSet<K> navigableKeySet() {
    return new RemoteKeys<>(this);
  }

  @Override
  public NavigableSet<K> descendingKeySet() {
    return new RemoteKeys<>(descendingMap());
  }
}
