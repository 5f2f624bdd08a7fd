// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The elements of a queue, in its order. For the event loop alone. */
interface QueueContent {
  /** Adds an element; at the other end if that is said, and there is one. */
  void add(QueueElement element, boolean otherEnd);

  /** Says that an element that was to be added will not be. */
  default void drop(QueueElement element) {}

  /** Takes the next element; that of the other end if that is said, and there is one. Null if it is empty. */
  @Nullable
  QueueElement poll(boolean otherEnd);

  /** Returns the element that would be taken. */
  @Nullable
  QueueElement peek(boolean otherEnd);

  int size();

  /** Returns the place of an element that was just added: which one it is of {@link #inPlaces}. */
  int placeOfAdded(QueueElement element, boolean otherEnd);

  /** Returns the place of the element that would be taken. */
  int placeOfNext(boolean otherEnd);

  /** Returns all, in the order of their places. */
  List<QueueElement> inPlaces();

  /** Finds an element of the same bytes, beginning where elements are taken or at the other end, and removes it if that is said; returns its place, -1 if there is none. */
  int find(QueueElement wanted, boolean otherEnd, boolean removes);

  void clear();

  /** Returns all, in the order in which they would be taken. */
  List<QueueElement> all();
}
