// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Values with names in the server of a {@link Manager}; may be null. It is a handle, as {@link ManagedMap} is; what that says of calls, copies, failures and threads holds
 * here. Two handles are equal if they stand for the same object; {@code toString} shows names and values.
 */
public interface ManagedNamespace extends Serializable {
  /**
   * Returns a copy of the value of a name.
   *
   * @param <T> what the caller takes it for; that is not checked here, but by a cast where it is used
   * @throws java.util.NoSuchElementException if there is none of that name; the message says which there are
   */
  @SuppressWarnings("TypeParameterUnusedInFormals")
  <T extends @Nullable Object> T get(String name);

  /** Sets the value of a name, new or not. */
  void set(String name, @Nullable Object value);

  /**
   * Removes a name and its value.
   *
   * @throws java.util.NoSuchElementException if there is none of that name; the message says which there are
   */
  void delete(String name);

  /** Tells whether there is a value of that name, be it null. */
  boolean contains(String name);

  /** Returns a copy of the names, in the order in which they were set first. */
  Set<String> names();

  /** Returns a copy of names and values, in that order, as they are at one moment. */
  Map<String, @Nullable Object> toMap();
}
