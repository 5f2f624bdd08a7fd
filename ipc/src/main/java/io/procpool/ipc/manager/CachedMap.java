// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.ManagedMap;
import java.lang.ref.Cleaner;
import org.jspecify.annotations.Nullable;

/** Handle of a map that remembers what was read. Safe for use by multiple threads. */
@SuppressWarnings("unchecked")
final class CachedMap<K, V> extends RemoteMap<K, V> {
  static final int DEFAULT_ENTRIES = 10_000;

  private static final long serialVersionUID = 1;
  private static final Cleaner CLEANER = Cleaner.create();

  private final transient ReadCache cache;

  private CachedMap(RemoteObject remote, ReadCache cache) {
    super(remote);
    this.cache = cache;
  }

  /** Makes one, whose subscription ends when nobody has it any more. */
  static <K, V> ManagedMap<K, V> of(RemoteObject remote, int maxEntries) {
    if (maxEntries < 1) {
      throw new IllegalArgumentException("maxEntries: " + maxEntries + " (expected: 1 or more)");
    }
    if (remote.kind().equals("sorted map")) {
      throw new UnsupportedOperationException(
          "a sorted map has no cached handle, because its order may find different keys equal");
    }
    ReadCache cache = new ReadCache(maxEntries, !remote.kind().equals("dict"), remote.server());
    ManagerClient client = KnownManagers.client(remote.server());
    long subscription = client.newSubscription();
    client.listen(subscription, remote.number(), true, cache);
    CachedMap<K, V> made = new CachedMap<>(remote, cache);
    CLEANER.register(made, () -> client.unlistenSoon(remote, remote.number(), subscription));
    return made;
  }

  @Override
  public @Nullable V get(@Nullable Object key) {
    return (V) cache.get(key, () -> super.get(key));
  }

  @Override
  public @Nullable V getOrDefault(@Nullable Object key, @Nullable V otherwise) {
    Object found = cache.isOfMap() ? get(key) : cache.ifKnown(key);
    if (found != null) {
      return (V) found;
    }
    return cache.isOfMap() ? otherwise : super.getOrDefault(key, otherwise);
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    if (cache.isOfMap()) {
      return get(key) != null;
    }
    return cache.ifKnown(key) != null || super.containsKey(key);
  }

  private Object writeReplace() {
    return new RemoteMap<K, V>(remote);
  }
}
