// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** Goes through the content of an object as it was when this was made; what comes is got from the server when it is needed. Not safe for use by multiple threads. */
final class Pages implements Iterator<@Nullable Object> {
  private List<@Nullable Object> page = List.of();
  private int next;
  private long bytes; // of all pages so far
  private @Nullable RemoteObject rest;

  /**
   * Some of the content.
   *
   * @param bytes that the elements take in serialized form
   * @param rest has what comes behind it; null if nothing does
   */
  record Page(
      List<@Nullable Object> elements, int bytes, @Nullable RemoteObject rest) {}

  Pages(Remote object, String operation, @Nullable Object... arguments) {
    take(object.page(operation, arguments));
  }

  /** Returns all of the content. */
  static List<@Nullable Object> all(
      Remote object, String operation, @Nullable Object... arguments) {
    Pages pages = new Pages(object, operation, arguments);
    if (pages.rest == null) {
      return pages.page;
    }
    List<@Nullable Object> all = new ArrayList<>();
    pages.forEachRemaining(all::add);
    return all;
  }

  private void take(Page taken) {
    page = taken.elements();
    bytes += taken.bytes();
    rest = taken.rest();
    next = 0;
  }

  /** Returns how many bytes those elements take in serialized form that are here or were. */
  long bytes() {
    return bytes;
  }

  @Override
  public boolean hasNext() {
    RemoteObject more = rest;
    while (next == page.size() && more != null) {
      take(more.page(ManagerWire.NEXT));
      more = rest;
    }
    return next < page.size();
  }

  @Override
  public @Nullable Object next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return page.get(next++);
  }
}
