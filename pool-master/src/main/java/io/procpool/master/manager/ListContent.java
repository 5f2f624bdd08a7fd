// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.master.manager.Change.Part;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a list holds. Not safe for use by multiple threads. */
final class ListContent implements Content {
  private static final int STATE_ELEMENTS = 1000; // of one change

  private final List<@Nullable Object> list;
  private final ClassLoader loader;

  @SuppressWarnings("unchecked")
  ListContent(List<?> list, ClassLoader loader) {
    this.list = (List<@Nullable Object>) list;
    this.loader = loader;
  }

  @Override
  public Before before(ObjectOperation operation, boolean withBefore)
      throws UnencodableValueException {
    int size = list.size();
    @Nullable Object[] arguments = operation.arguments();
    int first = arguments.length > 0 && arguments[0] instanceof Integer index ? index : -1;
    return switch (operation.signature()) {
      case "add(Object)", "addAll(Collection)", "addLast(Object)" ->
        range(size, size, operation, withBefore);
      case "addFirst(Object)" -> range(0, 0, operation, withBefore);
      case "removeFirst()" -> range(0, 1, operation, withBefore);
      case "removeLast()" -> range(size - 1, size, operation, withBefore);
      case "add(int,Object)", "addAll(int,Collection)" ->
        range(first, first, operation, withBefore);
      case "set(int,Object)",
          "remove(int)",
          "getAndSet(int,Object)",
          "compareAndSet(int,Object,Object)",
          "getAndUpdate(int,UnaryOperator)",
          "updateAndGet(int,UnaryOperator)",
          "accumulateAndGet(int,Object,BiFunction)" ->
        range(first, first + 1, operation, withBefore);
      case "setAll(int,Collection)" ->
        range(
            first,
            arguments.length > 1 && arguments[1] instanceof Collection<?> all
                ? first + all.size()
                : -1,
            operation,
            withBefore);
      case "removeRange(int,int)" ->
        range(
            first,
            arguments.length > 1 && arguments[1] instanceof Integer end ? end : -1,
            operation,
            withBefore);
      default -> range(0, size, operation, withBefore);
    };
  }

  /** Remembers the elements that it may change; all if there are no such ones. */
  private Before range(int from, int to, ObjectOperation operation, boolean withBefore)
      throws UnencodableValueException {
    boolean within = from >= 0 && from <= to && to <= list.size();
    return new ListBefore(
        within ? from : 0, within ? to : list.size(), withBefore, operation.hasFunction());
  }

  /** What was there is still the same at both ends; what is between them is changed. */
  private final class ListBefore implements Before {
    private final int from;
    private final int behind; // elements that it does not touch
    private final List<Saved> saved = new ArrayList<>();
    private final boolean withBefore;

    ListBefore(int from, int to, boolean withBefore, boolean mayChange)
        throws UnencodableValueException {
      this.from = from;
      this.behind = list.size() - to;
      this.withBefore = withBefore;
      for (Object element : list.subList(from, to)) {
        saved.add(Saved.of(element, withBefore, mayChange));
      }
    }

    @Override
    public Change after() throws UnencodableValueException {
      List<@Nullable Object> now = list.subList(from, list.size() - behind);
      int shorter = Math.min(saved.size(), now.size());
      int start = 0;
      while (start < shorter && saved.get(start).isStill(now.get(start))) {
        start++;
      }
      int end = 0;
      while (end < shorter - start
          && saved.get(saved.size() - 1 - end).isStill(now.get(now.size() - 1 - end))) {
        end++;
      }
      int removed = saved.size() - end - start;
      if (removed == 0 && now.size() - end == start) {
        return new Change(List.of());
      }
      List<byte[]> before = new ArrayList<>();
      if (withBefore) {
        for (Saved gone : saved.subList(start, start + removed)) {
          before.add(gone.bytes());
        }
      }
      return new Change(List.of(new Part(
          null, from + start, removed, before, encoded(now.subList(start, now.size() - end)))));
    }

    @Override
    public void undo() {
      List<@Nullable Object> range = list.subList(from, list.size() - behind);
      range.clear();
      for (Saved was : saved) {
        range.add(was.value(loader));
      }
    }
  }

  private static List<byte[]> encoded(List<@Nullable Object> elements)
      throws UnencodableValueException {
    List<byte[]> all = new ArrayList<>(elements.size());
    for (Object element : elements) {
      all.add(Saved.encode(element));
    }
    return all;
  }

  @Override
  public void state(Consumer<Change> parts) throws UnencodableValueException {
    for (int at = 0; at < list.size(); at += STATE_ELEMENTS) {
      int to = Math.min(list.size(), at + STATE_ELEMENTS);
      parts.accept(Change.splice(at, List.of(), encoded(list.subList(at, to))));
    }
  }

  @Override
  public void clear() {
    list.clear();
  }

  @Override
  public void apply(Change change) throws PayloadFormatException {
    for (Part part : change.parts()) {
      if (part.at < 0 || part.removed < 0 || part.at + part.removed > list.size()) {
        throw new PayloadFormatException("a change of " + part.removed + " elements at " + part.at
            + " of a list of " + list.size());
      }
      List<@Nullable Object> added = new ArrayList<>(part.after.size());
      for (byte[] element : part.after) {
        added.add(Saved.decode(element, loader));
      }
      List<@Nullable Object> range = list.subList(part.at, part.at + part.removed);
      range.clear();
      range.addAll(added);
    }
  }
}
