// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.manager.SentObjects;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * A list that a client gets in pages, and as an object what is left of it: it lives as long as the client that goes through it has a handle of it. Made in whatever thread, then for
 * the event loop alone.
 */
final class Pages implements Served {
  /*
   * Simple values do not change, so a page of them is encoded when it is asked for. All others are encoded at once, by the thread that has the object, because functions may
   * change what is in them later.
   */
  private static final int PAGE_BYTES = 64 << 10;

  private final Iterator<?> values; // that are encoded when they are asked for
  private final ArrayDeque<Page> encoded = new ArrayDeque<>();
  private long number; // of this object; that of the server while it is none

  /**
   * Encoded values, one behind the other.
   *
   * @param objects whose handles are in them
   */
  record Page(byte[] values, List<Reference> objects) {}

  private Pages(Iterator<?> values) {
    this.values = values;
  }

  /** Returns the pages of a list whose elements are simple. */
  static Pages ofSimple(List<?> values) {
    return new Pages(values.iterator());
  }

  /** Returns the pages of any list. May run code of users. */
  static Pages of(List<?> values, ObjectTable objects) throws UnencodableValueException {
    Pages pages = new Pages(List.of().iterator());
    Iterator<?> each = values.iterator();
    while (each.hasNext()) {
      pages.encoded.add(encode(each, objects));
    }
    return pages;
  }

  private static Page encode(Iterator<?> values, ObjectTable objects)
      throws UnencodableValueException {
    PayloadWriter page = new PayloadWriter();
    try (SentObjects sent = SentObjects.begin(objects.server())) {
      while (values.hasNext() && page.position() < PAGE_BYTES) {
        ValueCodec.write(page, values.next());
      }
      return new Page(page.toByteArray(), new ArrayList<>(objects.references(sent.numbers())));
    }
  }

  /** Replies with the next page. */
  Answer next(long call, ObjectTable objects) {
    Page page = encoded.poll();
    try {
      if (page == null) {
        page = encode(values, objects);
      }
    } catch (UnencodableValueException e) {
      return Replies.refused(call, "an element cannot be sent: " + e.getMessage());
    }
    if (!values.hasNext() && encoded.isEmpty()) {
      return Replies.page(call, ManagerWire.SERVER, page.values(), page.objects());
    }
    if (number == ManagerWire.SERVER) {
      number = objects.add(this).number();
    }
    List<Reference> named = new ArrayList<>(page.objects());
    named.add(new Reference(number, this));
    return Replies.page(call, number, page.values(), named);
  }

  @Override
  public String kind() {
    return "rest";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop) {
    call.reply(
        call.signature().equals(ManagerWire.NEXT)
            ? next(call.number(), objects)
            : Replies.refused(
                call.number(), "the rest of a list has no operation " + call.signature()));
  }
}
