// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.master.manager.Change.Part;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a map holds. Not safe for use by multiple threads. */
final class MapContent implements Content {

  /** Those that are about the key that is their first argument. */
  private static final Set<String> OF_ONE_KEY = Set.of(
      "put",
      "putIfAbsent",
      "remove",
      "removeKey",
      "removeEntry",
      "replace",
      "merge",
      "compute",
      "computeIfAbsent",
      "computeIfPresent",
      "set",
      "delete");

  private static final int STATE_ENTRIES = 1000; // of one change

  private final Map<@Nullable Object, @Nullable Object> map;
  private final ClassLoader loader;

  @SuppressWarnings("unchecked")
  MapContent(Map<?, ?> map, ClassLoader loader) {
    this.map = (Map<@Nullable Object, @Nullable Object>) map;
    this.loader = loader;
  }

  @Override
  public Before before(ObjectOperation operation, boolean withBefore)
      throws UnencodableValueException {
    Collection<? extends @Nullable Object> keys = keys(operation);
    boolean mayChange = operation.hasFunction();
    try {
      return new MapBefore(keys, withBefore, mayChange);
    } catch (RuntimeException refusedByTheMap) {
      return new MapBefore(null, withBefore, mayChange);
    }
  }

  /** Returns the keys that it may change; null if any. */
  private static @Nullable Collection<? extends @Nullable Object> keys(ObjectOperation operation) {
    String name = operation.name();
    @Nullable Object[] arguments = operation.arguments();
    if (OF_ONE_KEY.contains(name) && arguments.length > 0) {
      return Collections.singleton(arguments[0]);
    }
    if (name.equals("putAllInTurn")
        && arguments.length == 1
        && arguments[0] instanceof List<?> keysAndValues) {
      List<@Nullable Object> keys = new ArrayList<>();
      for (int i = 0; i < keysAndValues.size(); i += 2) {
        keys.add(keysAndValues.get(i));
      }
      return new LinkedHashSet<>(keys); // in the order in which they were put
    }
    return null;
  }

  /** Keys are found by identity, which runs nobody's code: the map keeps the key that it has. */
  private final class MapBefore implements Before {
    private final @Nullable Collection<? extends @Nullable Object> keys;
    private final List<@Nullable Object> order = new ArrayList<>();
    private final Map<@Nullable Object, Saved> saved = new IdentityHashMap<>();
    private final boolean withBefore;

    MapBefore(
        @Nullable Collection<? extends @Nullable Object> keys,
        boolean withBefore,
        boolean mayChange)
        throws UnencodableValueException {
      this.keys = keys;
      this.withBefore = withBefore;
      if (keys == null) {
        for (Map.Entry<@Nullable Object, @Nullable Object> entry : map.entrySet()) {
          save(entry.getKey(), entry.getValue(), mayChange);
        }
      } else {
        for (Object key : keys) {
          Object value = map.get(key);
          if (value != null || map.containsKey(key)) {
            save(key, value, mayChange);
          }
        }
      }
    }

    private void save(@Nullable Object key, @Nullable Object value, boolean mayChange)
        throws UnencodableValueException {
      order.add(key);
      saved.put(key, Saved.of(value, withBefore, mayChange));
    }

    @Override
    public Change after() throws UnencodableValueException {
      List<Part> removed = new ArrayList<>();
      List<Part> put = new ArrayList<>();
      if (keys == null) {
        Map<@Nullable Object, Saved> left = new IdentityHashMap<>(saved);
        for (Map.Entry<@Nullable Object, @Nullable Object> entry : map.entrySet()) {
          put(put, entry.getKey(), left.remove(entry.getKey()), entry.getValue());
        }
        for (Object key : order) {
          Saved gone = left.get(key);
          if (gone != null) {
            removed.add(removed(key, gone));
          }
        }
      } else {
        for (Object key : keys) {
          Saved was = saved.get(key);
          Object now = map.get(key);
          if (now != null || map.containsKey(key)) {
            put(put, key, was, now);
          } else if (was != null) {
            removed.add(removed(key, was));
          }
        }
      }
      removed.addAll(put);
      return new Change(removed);
    }

    private void put(
        List<Part> parts, @Nullable Object key, @Nullable Saved was, @Nullable Object now)
        throws UnencodableValueException {
      if (was == null) {
        parts.add(new Part(Saved.encode(key), 0, 0, List.of(), List.of(Saved.encode(now))));
      } else if (!was.isStill(now)) {
        parts.add(new Part(Saved.encode(key), 0, 1, told(was), List.of(Saved.encode(now))));
      }
    }

    private Part removed(@Nullable Object key, Saved was) throws UnencodableValueException {
      return new Part(Saved.encode(key), 0, 1, told(was), List.of());
    }

    private List<byte[]> told(Saved was) throws UnencodableValueException {
      return withBefore ? List.of(was.bytes()) : List.of();
    }

    @Override
    public void undo() {
      if (keys == null) {
        map.clear();
        for (Object key : order) {
          restore(key);
        }
      } else {
        keys.forEach(this::restore);
      }
    }

    private void restore(@Nullable Object key) {
      Saved was = saved.get(key);
      if (was == null) {
        map.remove(key);
      } else {
        map.put(key, was.value(loader));
      }
    }
  }

  @Override
  public void state(Consumer<Change> parts) throws UnencodableValueException {
    List<Part> some = new ArrayList<>();
    for (Map.Entry<@Nullable Object, @Nullable Object> entry : map.entrySet()) {
      some.add(new Part(
          Saved.encode(entry.getKey()), 0, 0, List.of(), List.of(Saved.encode(entry.getValue()))));
      if (some.size() == STATE_ENTRIES) {
        parts.accept(new Change(some));
        some.clear();
      }
    }
    parts.accept(new Change(some));
  }

  @Override
  public void clear() {
    map.clear();
  }

  @Override
  public void apply(Change change) throws PayloadFormatException {
    for (Part part : change.parts()) {
      byte[] encoded = part.key;
      if (encoded == null) {
        throw new PayloadFormatException("a change of a map without a key");
      }
      Object key = Saved.decode(encoded, loader);
      if (part.after.isEmpty()) {
        map.remove(key);
      } else {
        map.put(key, Saved.decode(part.after.get(0), loader));
      }
    }
  }
}
