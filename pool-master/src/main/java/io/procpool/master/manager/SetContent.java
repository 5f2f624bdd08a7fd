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

/** What a set holds. Not safe for use by multiple threads. */
final class SetContent implements Content {
  private static final int STATE_ELEMENTS = 1000; // of one change

  private final Set<@Nullable Object> set;
  private final ClassLoader loader;

  @SuppressWarnings("unchecked")
  SetContent(Set<?> set, ClassLoader loader) {
    this.set = (Set<@Nullable Object>) set;
    this.loader = loader;
  }

  @Override
  public Before before(ObjectOperation operation, boolean withBefore)
      throws UnencodableValueException {
    boolean mayChange = operation.hasFunction();
    try {
      return new SetBefore(elements(operation), mayChange);
    } catch (RuntimeException refusedByTheSet) {
      return new SetBefore(null, mayChange);
    }
  }

  /** Returns the elements that it may add or remove; null if any. */
  private static @Nullable Collection<? extends @Nullable Object> elements(
      ObjectOperation operation) {
    @Nullable Object[] arguments = operation.arguments();
    return switch (operation.signature()) {
      case "add(Object)", "remove(Object)" -> Collections.singleton(arguments[0]);
      case "addAll(Collection)", "removeAll(Collection)" ->
        arguments[0] instanceof Collection<?> all ? new LinkedHashSet<>(all) : null;
      default -> null;
    };
  }

  private final class SetBefore implements Before {
    private final @Nullable Collection<? extends @Nullable Object> elements;
    private final List<@Nullable Object> order = new ArrayList<>();
    private final Map<@Nullable Object, Saved> saved = new IdentityHashMap<>();

    SetBefore(@Nullable Collection<? extends @Nullable Object> elements, boolean mayChange)
        throws UnencodableValueException {
      this.elements = elements;
      for (Object element : elements == null ? set : elements) {
        if (elements == null || set.contains(element)) {
          order.add(element);
          saved.put(element, Saved.of(element, false, mayChange));
        }
      }
    }

    @Override
    public Change after() throws UnencodableValueException {
      List<Part> removed = new ArrayList<>();
      List<Part> added = new ArrayList<>();
      if (elements == null) {
        Map<@Nullable Object, Saved> left = new IdentityHashMap<>(saved);
        for (Object element : set) {
          Saved was = left.get(element);
          if (was == null) {
            added.add(added(element));
          } else if (was.isStill(element)) {
            left.remove(element);
          } else {
            added.add(added(element)); // changed inside: another one now
          }
        }
        for (Object element : order) {
          Saved gone = left.get(element);
          if (gone != null) {
            removed.add(removed(gone));
          }
        }
      } else {
        for (Object element : elements) {
          Saved was = saved.get(element);
          boolean is = set.contains(element);
          if (is && was == null) {
            added.add(added(element));
          } else if (!is && was != null) {
            removed.add(removed(was));
          }
        }
      }
      removed.addAll(added);
      return new Change(removed);
    }

    private Part added(@Nullable Object element) throws UnencodableValueException {
      return new Part(Saved.encode(element), 0, 0, List.of(), List.of(Change.PRESENT));
    }

    private Part removed(Saved was) throws UnencodableValueException {
      return new Part(was.bytes(), 0, 1, List.of(Change.PRESENT), List.of());
    }

    @Override
    public void undo() {
      if (elements == null) {
        set.clear();
        for (Object element : order) {
          Saved was = saved.get(element);
          set.add(was == null ? element : was.value(loader));
        }
        return;
      }
      for (Object element : elements) {
        if (saved.containsKey(element)) {
          set.add(element);
        } else {
          set.remove(element);
        }
      }
    }
  }

  @Override
  public void state(Consumer<Change> parts) throws UnencodableValueException {
    List<Part> some = new ArrayList<>();
    for (Object element : set) {
      some.add(new Part(Saved.encode(element), 0, 0, List.of(), List.of(Change.PRESENT)));
      if (some.size() == STATE_ELEMENTS) {
        parts.accept(new Change(some));
        some.clear();
      }
    }
    parts.accept(new Change(some));
  }

  @Override
  public void clear() {
    set.clear();
  }

  @Override
  public void apply(Change change) throws PayloadFormatException {
    for (Part part : change.parts()) {
      byte[] encoded = part.key;
      if (encoded == null) {
        throw new PayloadFormatException("a change of a set without an element");
      }
      Object element = Saved.decode(encoded, loader);
      if (part.after.isEmpty()) {
        set.remove(element);
      } else {
        set.add(element);
      }
    }
  }
}
