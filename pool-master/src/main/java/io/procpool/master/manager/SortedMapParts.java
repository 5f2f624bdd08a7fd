// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.manager.ManagerWire;
import io.procpool.master.manager.ObjectKind.Operation;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentNavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with sorted maps, and with parts of them: who uses a part says its range with each call, and the call is done with that view of the map, so the
 * JDK itself sees to it that it obeys its contract.
 */
final class SortedMapParts {
  /** Flags, low key, high key. */
  static final int RANGE_ARGUMENTS = 3;

  private SortedMapParts() {}

  static Map<String, Operation> operations() {
    Map<String, Operation> all =
        new HashMap<>(ObjectKind.mapOperations(ConcurrentNavigableMap.class));
    // To get a view checks its range; the client makes its own.
    all.put("subMap(Object,boolean,Object,boolean)", (target, given) -> {
      map(target)
          .subMap(
              Objects.requireNonNull(given[0]),
              isTrue(given[1]),
              Objects.requireNonNull(given[2]),
              isTrue(given[3]));
      return null;
    });
    all.put("headMap(Object,boolean)", (target, given) -> {
      map(target).headMap(Objects.requireNonNull(given[0]), isTrue(given[1]));
      return null;
    });
    all.put("tailMap(Object,boolean)", (target, given) -> {
      map(target).tailMap(Objects.requireNonNull(given[0]), isTrue(given[1]));
      return null;
    });
    for (Map.Entry<String, Operation> each : Map.copyOf(all).entrySet()) {
      Operation operation = each.getValue();
      all.put(
          ManagerWire.RANGE + each.getKey(),
          (target, given) -> operation.on(
              part(map(target), given), Arrays.copyOfRange(given, RANGE_ARGUMENTS, given.length)));
    }
    return Map.copyOf(all);
  }

  @SuppressWarnings("unchecked")
  private static ConcurrentNavigableMap<Object, Object> map(Object target) {
    return (ConcurrentNavigableMap<Object, Object>) target;
  }

  private static boolean isTrue(@Nullable Object given) {
    return Boolean.TRUE.equals(given);
  }

  private static Object part(ConcurrentNavigableMap<Object, Object> map, @Nullable Object[] given) {
    int flags = (Integer) Objects.requireNonNull(given[0]);
    boolean lowInclusive = (flags & ManagerWire.LOW_INCLUSIVE) != 0;
    boolean highInclusive = (flags & ManagerWire.HIGH_INCLUSIVE) != 0;
    ConcurrentNavigableMap<Object, Object> part = map;
    if ((flags & ManagerWire.HAS_LOW) != 0 && (flags & ManagerWire.HAS_HIGH) != 0) {
      part = map.subMap(
          Objects.requireNonNull(given[1]),
          lowInclusive,
          Objects.requireNonNull(given[2]),
          highInclusive);
    } else if ((flags & ManagerWire.HAS_LOW) != 0) {
      part = map.tailMap(Objects.requireNonNull(given[1]), lowInclusive);
    } else if ((flags & ManagerWire.HAS_HIGH) != 0) {
      part = map.headMap(Objects.requireNonNull(given[2]), highInclusive);
    }
    return (flags & ManagerWire.DESCENDING) == 0 ? part : part.descendingMap();
  }
}
