// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncMap;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.MapChange;
import io.procpool.manager.ServerFunctions;
import io.procpool.manager.Subscription;
import java.io.Serializable;
import java.util.AbstractCollection;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Handle of a map. Safe for use by multiple threads. */
@SuppressWarnings("unchecked")
class RemoteMap<K, V> implements ManagedMap<K, V> {
  private static final long serialVersionUID = 1;

  final Remote remote;

  RemoteMap(Remote remote) {
    this.remote = remote;
  }

  // Map.

  @Override
  public int size() {
    return remote.callInt("size()");
  }

  @Override
  public boolean isEmpty() {
    return remote.callBoolean("isEmpty()");
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return remote.callBoolean("containsKey(Object)", key);
  }

  @Override
  public boolean containsValue(@Nullable Object value) {
    return remote.callBoolean("containsValue(Object)", value);
  }

  @Override
  public @Nullable V get(@Nullable Object key) {
    return (V) remote.call("get(Object)", key);
  }

  @Override
  public @Nullable V getOrDefault(@Nullable Object key, @Nullable V otherwise) {
    return (V) remote.call("getOrDefault(Object,Object)", key, otherwise);
  }

  @Override
  public @Nullable V put(K key, V value) {
    return (V) remote.call("put(Object,Object)", key, value);
  }

  @Override
  public @Nullable V remove(@Nullable Object key) {
    return (V) remote.call("remove(Object)", key);
  }

  @Override
  public void putAll(Map<? extends K, ? extends V> other) {
    List<@Nullable Object> all = new ArrayList<>(2 * other.size());
    other.forEach((key, value) -> {
      all.add(key);
      all.add(value);
    });
    remote.call("putAllInTurn(Collection)", all);
  }

  @Override
  public void clear() {
    remote.call("clear()");
  }

  @Override
  public @Nullable V putIfAbsent(K key, V value) {
    return (V) remote.call("putIfAbsent(Object,Object)", key, value);
  }

  @Override
  public boolean remove(@Nullable Object key, @Nullable Object value) {
    return remote.callBoolean("remove(Object,Object)", key, value);
  }

  @Override
  public boolean replace(K key, V before, V after) {
    return remote.callBoolean("replace(Object,Object,Object)", key, before, after);
  }

  @Override
  public @Nullable V replace(K key, V value) {
    return (V) remote.call("replace(Object,Object)", key, value);
  }

  // With functions.

  @Override
  public @Nullable V merge(
      K key, V value, ServerFunctions.OfTwo<? super V, ? super V, ? extends V> function) {
    return (V) remote.call(
        "merge(Object,Object,BiFunction)", key, value, Objects.requireNonNull(function));
  }

  @Override
  public @Nullable V merge(K key, V value, BiFunction<? super V, ? super V, ? extends V> function) {
    return function instanceof Serializable
        ? (V) remote.call("merge(Object,Object,BiFunction)", key, value, function)
        : ManagedMap.super.merge(key, value, Objects.requireNonNull(function));
  }

  @Override
  public @Nullable V compute(
      K key, ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function) {
    return (V) remote.call("compute(Object,BiFunction)", key, Objects.requireNonNull(function));
  }

  @Override
  public @Nullable V compute(
      K key, BiFunction<? super K, ? super @Nullable V, ? extends V> function) {
    return function instanceof Serializable
        ? (V) remote.call("compute(Object,BiFunction)", key, function)
        : ManagedMap.super.compute(key, Objects.requireNonNull(function));
  }

  @Override
  public @Nullable V computeIfAbsent(
      K key, ServerFunctions.OfOne<? super K, ? extends V> function) {
    return (V)
        remote.call("computeIfAbsent(Object,Function)", key, Objects.requireNonNull(function));
  }

  @Override
  public @Nullable V computeIfAbsent(K key, Function<? super K, ? extends V> function) {
    return function instanceof Serializable
        ? (V) remote.call("computeIfAbsent(Object,Function)", key, function)
        : ManagedMap.super.computeIfAbsent(key, Objects.requireNonNull(function));
  }

  @Override
  public @Nullable V computeIfPresent(
      K key, ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function) {
    return (V)
        remote.call("computeIfPresent(Object,BiFunction)", key, Objects.requireNonNull(function));
  }

  @Override
  public @Nullable V computeIfPresent(
      K key, BiFunction<? super K, ? super V, ? extends V> function) {
    return function instanceof Serializable
        ? (V) remote.call("computeIfPresent(Object,BiFunction)", key, function)
        : ManagedMap.super.computeIfPresent(key, Objects.requireNonNull(function));
  }

  @Override
  public void replaceAll(ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function) {
    remote.call("replaceAll(BiFunction)", Objects.requireNonNull(function));
  }

  @Override
  public void replaceAll(BiFunction<? super K, ? super V, ? extends V> function) {
    if (function instanceof Serializable) {
      remote.call("replaceAll(BiFunction)", function);
    } else {
      ManagedMap.super.replaceAll(Objects.requireNonNull(function));
    }
  }

  @Override
  public void forEach(BiConsumer<? super K, ? super V> action) {
    Objects.requireNonNull(action);
    for (Entry<K, V> entry : entrySet()) {
      action.accept(entry.getKey(), entry.getValue());
    }
  }

  // Views.

  private List<@Nullable Object> content() {
    return Pages.all(remote, ManagerWire.ENTRIES);
  }

  @Override
  public Set<Entry<K, V>> entrySet() {
    return new Entries();
  }

  @Override
  public Set<K> keySet() {
    return new Keys();
  }

  @Override
  public Collection<V> values() {
    return new Values();
  }

  /** Goes through the content as it was. */
  private abstract class Through<T> implements Iterator<T> {
    private final Pages content = new Pages(remote, ManagerWire.ENTRIES);
    private @Nullable Object last; // key
    private boolean removable;

    abstract T element(K key, V value);

    @Override
    public final boolean hasNext() {
      return content.hasNext();
    }

    @Override
    @SuppressWarnings("NullAway") // null is a key or a value if K and V say so
    public final T next() {
      last = content.next();
      removable = true;
      return element((K) last, (V) content.next());
    }

    @Override
    public final void remove() {
      if (!removable) {
        throw new IllegalStateException("there is no element to be removed; call next() first");
      }
      removable = false;
      RemoteMap.this.remove(last);
    }
  }

  /** An entry as it was; setting its value sets that of the key. */
  private final class Written extends AbstractMap.SimpleEntry<K, V> {
    private static final long serialVersionUID = 1;

    Written(K key, V value) {
      super(key, value);
    }

    @Override
    public V setValue(V value) {
      put(getKey(), value);
      return super.setValue(value);
    }

    private Object writeReplace() {
      return new AbstractMap.SimpleEntry<>(this);
    }
  }

  private final class Entries extends AbstractSet<Entry<K, V>> {
    @Override
    public Iterator<Entry<K, V>> iterator() {
      return new Through<>() {
        @Override
        Entry<K, V> element(K key, V value) {
          return new Written(key, value);
        }
      };
    }

    @Override
    public int size() {
      return RemoteMap.this.size();
    }

    @Override
    public boolean contains(@Nullable Object element) {
      return element instanceof Entry<?, ?> entry
          && remote.callBoolean("containsEntry(Object,Object)", entry.getKey(), entry.getValue());
    }

    @Override
    public boolean remove(@Nullable Object element) {
      return element instanceof Entry<?, ?> entry
          && remote.callBoolean("removeEntry(Object,Object)", entry.getKey(), entry.getValue());
    }

    @Override
    public void clear() {
      RemoteMap.this.clear();
    }
  }

  private final class Keys extends AbstractSet<K> {
    @Override
    public Iterator<K> iterator() {
      return new Through<>() {
        @Override
        K element(K key, V value) {
          return key;
        }
      };
    }

    @Override
    public int size() {
      return RemoteMap.this.size();
    }

    @Override
    public boolean contains(@Nullable Object key) {
      return containsKey(key);
    }

    @Override
    public boolean remove(@Nullable Object key) {
      return remote.callBoolean("removeKey(Object)", key);
    }

    @Override
    public void clear() {
      RemoteMap.this.clear();
    }
  }

  private final class Values extends AbstractCollection<V> {
    @Override
    public Iterator<V> iterator() {
      return new Through<>() {
        @Override
        V element(K key, V value) {
          return value;
        }
      };
    }

    @Override
    public int size() {
      return RemoteMap.this.size();
    }

    @Override
    public boolean contains(@Nullable Object value) {
      return containsValue(value);
    }

    @Override
    public boolean remove(@Nullable Object value) {
      return remote.callBoolean("removeValue(Object)", value);
    }

    @Override
    public void clear() {
      RemoteMap.this.clear();
    }
  }

  // Listeners.

  @Override
  @SuppressWarnings("NullAway") // null is a key or an element if the types say so
  public Subscription addListener(ChangeListener<? super MapChange<K, V>> listener) {
    return RemoteSubscription.<MapChange<K, V>>begin(
        whole(),
        Objects.requireNonNull(listener, "listener"),
        told -> List.of(new MapChange<>(
            (K) Told.decode(told.key),
            told.removed > 0,
            (V) Told.decodeFirst(told.before),
            !told.after.isEmpty(),
            (V) Told.decodeFirst(told.after))));
  }

  private RemoteObject whole() {
    if (remote instanceof RemoteObject object) {
      return object;
    }
    RemoteObject map = remote instanceof RemoteRange range ? range.wholeMap() : null;
    if (map != null) {
      return map;
    }
    throw new UnsupportedOperationException(
        "a view of a sorted map cannot be listened to or cached; take the whole map");
  }

  @Override
  public ManagedMap<K, V> cached() {
    return cached(CachedMap.DEFAULT_ENTRIES);
  }

  @Override
  public ManagedMap<K, V> cached(int maxEntries) {
    return CachedMap.of(whole(), maxEntries);
  }

  // Content.

  @Override
  public boolean equals(@Nullable Object other) {
    if (other instanceof RemoteMap<?, ?> that && that.remote.equals(remote)) {
      return true;
    }
    return other instanceof Map<?, ?> map && asHere().equals(map);
  }

  @Override
  public int hashCode() {
    return asHere().hashCode();
  }

  @Override
  public String toString() {
    return asHere().toString();
  }

  /** Returns a copy, whose elements are this process's. */
  private Map<Object, Object> asHere() {
    Map<Object, Object> copy = new LinkedHashMap<>();
    List<@Nullable Object> content = content();
    for (int i = 0; i < content.size(); i += 2) {
      copy.put(content.get(i), content.get(i + 1));
    }
    return copy;
  }

  @Override
  public AsyncMap<K, V> async() {
    return new RemoteAsyncMap<>(remote);
  }
}
