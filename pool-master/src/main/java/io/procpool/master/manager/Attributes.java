// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Values with names. Its public methods are what clients call. Used by one thread at a time. */
final class Attributes implements Backed {
  private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

  public @Nullable Object get(Object name) {
    return values.get(existing(name));
  }

  public void set(Object name, @Nullable Object value) {
    values.put((String) Objects.requireNonNull(name, "name"), value);
  }

  public void delete(Object name) {
    values.remove(existing(name));
  }

  private String existing(Object name) {
    String text = (String) Objects.requireNonNull(name, "name");
    if (!values.containsKey(text)) {
      throw new NoSuchElementException(
          "the namespace has no attribute \"" + text + "\"; it has " + values.keySet());
    }
    return text;
  }

  public boolean contains(Object name) {
    return values.containsKey((String) Objects.requireNonNull(name, "name"));
  }

  public List<String> names() {
    return new ArrayList<>(values.keySet());
  }

  /** Returns names and values in turn. */
  public List<@Nullable Object> entries() {
    List<@Nullable Object> all = new ArrayList<>();
    values.forEach((name, value) -> {
      all.add(name);
      all.add(value);
    });
    return all;
  }

  @Override
  public Object backing() {
    return values;
  }
}
