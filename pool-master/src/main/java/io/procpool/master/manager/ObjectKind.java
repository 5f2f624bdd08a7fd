// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.manager.ProxyMethods;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What kinds of objects there are, and what can be done with them: the methods of an interface of the JDK on an object of the JDK, so that they do
 * what they do anywhere, and those of a few small classes for what the JDK does not have. Immutable.
 */
final class ObjectKind {
  /** Those that give something that cannot be sent; the client has its own. */
  private static final Set<String> VIEWS = Set.of(
      "iterator",
      "listIterator",
      "spliterator",
      "stream",
      "parallelStream",
      "subList",
      "subMap",
      "headMap",
      "tailMap",
      "descendingMap",
      "navigableKeySet",
      "descendingKeySet",
      "reversed",
      "keySet",
      "values",
      "entrySet",
      "toArray",
      "forEach",
      "content",
      "equals",
      "hashCode");

  private static final Map<String, ObjectKind> ALL = Stream.of(
          new ObjectKind(
              "map", given -> new ConcurrentHashMap<>(), mapOperations(ConcurrentMap.class)),
          new ObjectKind("dict", given -> new LinkedHashMap<>(), mapOperations(Map.class)),
          new ObjectKind("sorted map", ObjectKind::sortedMap, SortedMapParts.operations()),
          new ObjectKind("list", given -> new ArrayList<>(), listOperations()),
          new ObjectKind("set", given -> new LinkedHashSet<>(), collectionOperations(Set.class)),
          new ObjectKind(
              "value", given -> new Cell(argument(given, Object.class)), methodsOf(Cell.class)),
          new ObjectKind(
              "atomic long",
              given -> new AtomicLong(required(given, Long.class)),
              methodsOf(AtomicLong.class)),
          new ObjectKind(
              "array", given -> new Cells(required(given, Integer.class)), methodsOf(Cells.class)),
          new ObjectKind("namespace", given -> new Attributes(), methodsOf(Attributes.class)))
      .collect(Collectors.toUnmodifiableMap(ObjectKind::name, kind -> kind));

  private final String name;
  private final Maker maker;
  private final Map<String, Operation> operations;

  /** Makes an object of what was given. */
  private interface Maker {
    Object make(@Nullable Object[] given);
  }

  /** Something that can be done. */
  interface Operation {
    /** Does it. */
    @Nullable
    Object on(Object target, @Nullable Object[] arguments) throws Throwable;
  }

  private ObjectKind(String name, Maker maker, Map<String, Operation> operations) {
    this.name = name;
    this.maker = maker;
    this.operations = operations;
  }

  /**
   * Returns the kind of an object of a user's: it has the methods of that interface, and of all that its class implements.
   *
   * @throws IllegalArgumentException if what a method returns should stay on the server, and is no interface
   */
  static ObjectKind ofUser(Class<?> type, Class<?> implementation) {
    Map<String, Operation> all = new HashMap<>();
    addInterfaces(implementation, all);
    addInterface(type, all);
    return new ObjectKind(
        type.getName(),
        given -> {
          throw new IllegalArgumentException("made by its factory");
        },
        Map.copyOf(all));
  }

  private static void addInterfaces(Class<?> implementation, Map<String, Operation> all) {
    for (Class<?> each = implementation; each != null; each = each.getSuperclass()) {
      for (Class<?> implemented : each.getInterfaces()) {
        if (Modifier.isPublic(implemented.getModifiers())
            || implemented.getClassLoader() == implementation.getClassLoader()) {
          addInterface(implemented, all);
        }
      }
    }
  }

  private static void addInterface(Class<?> type, Map<String, Operation> all) {
    for (Method method : type.getMethods()) {
      if (!Modifier.isStatic(method.getModifiers())) {
        all.put(ProxyMethods.signature(method), ofUser(method));
      }
    }
  }

  private static Operation ofUser(Method method) {
    if (!Modifier.isPublic(method.getDeclaringClass().getModifiers())) {
      method.setAccessible(true);
    }
    if (!ProxyMethods.isByProxy(method)) {
      return (target, arguments) -> invoke(method, target, arguments);
    }
    if (!method.getReturnType().isInterface()) {
      throw new IllegalArgumentException(
          method + " is marked as one whose result stays on the server, and returns "
              + method.getReturnType().getName() + " (expected: an interface)");
    }
    return (target, arguments) -> {
      Object result = invoke(method, target, arguments);
      return result == null ? null : new Returned(result, method.getReturnType());
    };
  }

  /** Returns the kind of a name; null if there is none. */
  static @Nullable ObjectKind of(String name) {
    return ALL.get(name);
  }

  String name() {
    return name;
  }

  /** Tells whether its objects are of a type of a user's. */
  boolean isOfUser() {
    return !ALL.containsKey(name);
  }

  /**
   * Makes one.
   *
   * @throws IllegalArgumentException if it cannot be made of what is given
   */
  Object make(@Nullable Object[] given) {
    return maker.make(given);
  }

  private static <T> @Nullable T argument(@Nullable Object[] given, Class<T> type) {
    if (given.length == 0) {
      return null;
    }
    if (given.length > 1 || given[0] != null && !type.isInstance(given[0])) {
      throw new IllegalArgumentException(
          Arrays.toString(given) + " (expected: " + type.getSimpleName() + " or nothing)");
    }
    return type.cast(given[0]);
  }

  private static <T> T required(@Nullable Object[] given, Class<T> type) {
    T argument = argument(given, type);
    if (argument == null) {
      throw new IllegalArgumentException("nothing (expected: " + type.getSimpleName() + ")");
    }
    return argument;
  }

  /** Returns what is in one of this kind, as far as a function can have put it there. */
  Collection<?> content(Object target) {
    if (target instanceof Map<?, ?> map) {
      return map.values();
    }
    if (target instanceof Collection<?> collection) {
      return collection;
    }
    return target instanceof Content held ? held.content() : List.of();
  }

  /** An object of our own that can say what is in it. */
  interface Content {
    /** Returns what is in it. */
    Collection<?> content();
  }

  /** Returns an operation; null if there is none of that name. */
  @Nullable
  Operation operation(String signature) {
    return operations.get(signature);
  }

  @SuppressWarnings("unchecked")
  private static Object sortedMap(@Nullable Object[] given) {
    return new ConcurrentSkipListMap<>((Comparator<Object>) argument(given, Comparator.class));
  }

  /** Returns what can be done with a map of that interface. */
  static Map<String, Operation> mapOperations(Class<?> type) {
    Map<String, Operation> all = methodsOf(type);
    all.put("putAllInTurn(Collection)", (target, arguments) -> {
      putAllInTurn(target, (List<?>) Objects.requireNonNull(arguments[0]));
      return null;
    });
    all.put(ManagerWire.ENTRIES, (target, arguments) -> {
      List<@Nullable Object> entries = new ArrayList<>();
      ((Map<?, ?>) target).forEach((key, value) -> {
        entries.add(key);
        entries.add(value);
      });
      return entries;
    });
    all.put(
        "containsEntry(Object,Object)",
        (target, arguments) -> ((Map<?, ?>) target)
            .entrySet()
            .contains(new AbstractMap.SimpleImmutableEntry<>(arguments[0], arguments[1])));
    all.put(
        "removeEntry(Object,Object)",
        (target, arguments) -> ((Map<?, ?>) target)
            .entrySet()
            .remove(new AbstractMap.SimpleImmutableEntry<>(arguments[0], arguments[1])));
    all.put(
        "removeValue(Object)",
        (target, arguments) -> ((Map<?, ?>) target).values().remove(arguments[0]));
    all.put(
        "removeKey(Object)",
        (target, arguments) -> ((Map<?, ?>) target).keySet().remove(arguments[0]));
    return Map.copyOf(all);
  }

  @SuppressWarnings("unchecked")
  private static void putAllInTurn(Object target, List<?> keysAndValues) {
    Map<@Nullable Object, @Nullable Object> all = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      all.put(keysAndValues.get(i), keysAndValues.get(i + 1));
    }
    ((Map<@Nullable Object, @Nullable Object>) target).putAll(all);
  }

  private static Map<String, Operation> listOperations() {
    Map<String, Operation> all = new HashMap<>(collectionOperations(List.class));
    all.put("removeRange(int,int)", (target, arguments) -> {
      ((List<?>) target).subList((Integer) arguments[0], (Integer) arguments[1]).clear();
      return null;
    });
    all.put("setElements(Collection)", (target, arguments) -> {
      setElements(target, (Collection<?>) Objects.requireNonNull(arguments[0]));
      return null;
    });
    all.put("sort(Comparator)", (target, arguments) -> {
      sort(target, arguments[0]);
      return null;
    });
    return Map.copyOf(all);
  }

  /** Sorts a copy, so that a comparator that fails leaves the list as it was. */
  @SuppressWarnings("unchecked")
  private static void sort(Object target, @Nullable Object order) {
    List<@Nullable Object> list = (List<@Nullable Object>) target;
    @Nullable Object[] sorted = list.toArray();
    Arrays.sort(sorted, (Comparator<@Nullable Object>) order);
    Collections.copy(list, Arrays.asList(sorted));
  }

  @SuppressWarnings("unchecked")
  private static void setElements(Object target, Collection<?> elements) {
    List<@Nullable Object> list = (List<@Nullable Object>) target;
    list.clear();
    list.addAll(elements);
  }

  private static Map<String, Operation> collectionOperations(Class<?> type) {
    Map<String, Operation> all = methodsOf(type);
    all.put(ManagerWire.ELEMENTS, (target, arguments) -> new ArrayList<>((Collection<?>) target));
    return Map.copyOf(all);
  }

  private static Map<String, Operation> methodsOf(Class<?> type) {
    Map<String, Operation> found = new HashMap<>();
    for (Method method : type.getMethods()) {
      if (!Modifier.isStatic(method.getModifiers())
          && method.getDeclaringClass() != Object.class
          && !VIEWS.contains(method.getName())) {
        found.put(signature(method), (target, arguments) -> invoke(method, target, arguments));
      }
    }
    return found;
  }

  private static String signature(Method method) {
    return method.getName()
        + Arrays.stream(method.getParameterTypes())
            .map(Class::getSimpleName)
            .collect(Collectors.joining(",", "(", ")"));
  }

  private static @Nullable Object invoke(Method method, Object target, @Nullable Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }
}
