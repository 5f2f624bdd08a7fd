// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.ManagedNamespace;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Handle of a namespace. Safe for use by multiple threads. */
final class RemoteNamespace implements ManagedNamespace {
  private static final long serialVersionUID = 1;

  private final RemoteObject remote;

  RemoteNamespace(RemoteObject remote) {
    this.remote = remote;
  }

  @Override
  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"})
  public <T extends @Nullable Object> T get(String name) {
    return (T) remote.call("get(Object)", Objects.requireNonNull(name, "name"));
  }

  @Override
  public void set(String name, @Nullable Object value) {
    remote.call("set(Object,Object)", Objects.requireNonNull(name, "name"), value);
  }

  @Override
  public void delete(String name) {
    remote.call("delete(Object)", Objects.requireNonNull(name, "name"));
  }

  @Override
  public boolean contains(String name) {
    return remote.callBoolean("contains(Object)", Objects.requireNonNull(name, "name"));
  }

  @Override
  @SuppressWarnings("unchecked")
  public Set<String> names() {
    return new LinkedHashSet<>((List<String>) Objects.requireNonNull(remote.call("names()")));
  }

  @Override
  public Map<String, @Nullable Object> toMap() {
    List<?> content = (List<?>) Objects.requireNonNull(remote.call(ManagerWire.ENTRIES));
    Map<String, @Nullable Object> copy = new LinkedHashMap<>();
    for (int i = 0; i < content.size(); i += 2) {
      copy.put((String) Objects.requireNonNull(content.get(i)), content.get(i + 1));
    }
    return copy;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemoteNamespace that && that.remote.equals(remote);
  }

  @Override
  public int hashCode() {
    return remote.hashCode();
  }

  @Override
  public String toString() {
    return "Namespace" + toMap();
  }
}
