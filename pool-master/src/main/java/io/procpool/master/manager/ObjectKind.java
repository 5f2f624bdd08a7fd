// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.manager.ManagerWire;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What kinds of objects there are, and what can be done with them: the methods of an interface of the JDK on an object of the JDK, so that they do
 * what they do anywhere. Immutable.
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
      "reversed",
      "keySet",
      "values",
      "entrySet",
      "toArray",
      "forEach",
      "equals",
      "hashCode");

  private static final Map<String, ObjectKind> ALL = Map.of(
      "map", new ObjectKind("map", ConcurrentHashMap::new, mapOperations(ConcurrentMap.class)),
      "dict", new ObjectKind("dict", LinkedHashMap::new, mapOperations(Map.class)),
      "list", new ObjectKind("list", ArrayList::new, listOperations()),
      "set", new ObjectKind("set", LinkedHashSet::new, collectionOperations(Set.class)));

  private final String name;
  private final Supplier<Object> maker;
  private final Map<String, Operation> operations;

  /** Something that can be done. */
  interface Operation {
    /** Does it. */
    @Nullable
    Object on(Object target, @Nullable Object[] arguments) throws Throwable;
  }

  private ObjectKind(String name, Supplier<Object> maker, Map<String, Operation> operations) {
    this.name = name;
    this.maker = maker;
    this.operations = operations;
  }

  /** Returns the kind of a name; null if there is none. */
  static @Nullable ObjectKind of(String name) {
    return ALL.get(name);
  }

  String name() {
    return name;
  }

  Object make() {
    return maker.get();
  }

  /** Returns an operation; null if there is none of that name. */
  @Nullable
  Operation operation(String signature) {
    return operations.get(signature);
  }

  private static Map<String, Operation> mapOperations(Class<?> type) {
    Map<String, Operation> all = methodsOf(type);
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

  private static Map<String, Operation> listOperations() {
    Map<String, Operation> all = new HashMap<>(collectionOperations(List.class));
    all.put("removeRange(int,int)", (target, arguments) -> {
      ((List<?>) target).subList((Integer) arguments[0], (Integer) arguments[1]).clear();
      return null;
    });
    return Map.copyOf(all);
  }

  private static Map<String, Operation> collectionOperations(Class<?> type) {
    Map<String, Operation> all = methodsOf(type);
    all.put(ManagerWire.ELEMENTS, (target, arguments) -> new ArrayList<>((Collection<?>) target));
    return Map.copyOf(all);
  }

  private static Map<String, Operation> methodsOf(Class<?> type) {
    Map<String, Operation> found = new HashMap<>();
    for (Method method : type.getMethods()) {
      if (!Modifier.isStatic(method.getModifiers()) && !VIEWS.contains(method.getName())) {
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
