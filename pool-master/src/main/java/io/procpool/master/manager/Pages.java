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
   * Simple values do not change, so a page of them is encoded when it is asked for; elements of queues are encoded as they are. All others are encoded at once, by the thread that has
   * the object, because functions may change what is in them later.
   */
  private static final int PAGE_BYTES = 64 << 10;
  private static final byte[] NOTHING = {};

  private final Source source;
  private long number; // of this object; that of the server while it is none

  /**
   * Encoded values, one behind the other.
   *
   * @param objects whose handles are in them
   */
  record Page(byte[] values, List<Reference> objects) {}

  /** Makes the pages. */
  private interface Source {
    boolean hasNext();

    Page next(ObjectTable objects) throws UnencodableValueException;
  }

  private Pages(Source source) {
    this.source = source;
  }

  /** Returns the pages of a list whose elements are simple. */
  static Pages ofSimple(List<?> values) {
    return new Pages(new Values(values));
  }

  /** Returns the pages of any list. May run code of users. */
  static Pages of(List<?> values, ObjectTable objects) throws UnencodableValueException {
    Source each = new Values(values);
    List<Page> pages = new ArrayList<>();
    while (each.hasNext()) {
      pages.add(each.next(objects));
    }
    return new Pages(new Ready(pages));
  }

  /** Returns the pages of elements of a queue. */
  static Pages ofElements(List<QueueElement> elements) {
    return new Pages(new Elements(elements));
  }

  /** Encodes values. */
  private static final class Values implements Source {
    private final Iterator<?> values;

    Values(List<?> values) {
      this.values = values.iterator();
    }

    @Override
    public boolean hasNext() {
      return values.hasNext();
    }

    @Override
    public Page next(ObjectTable objects) throws UnencodableValueException {
      PayloadWriter page = new PayloadWriter();
      try (SentObjects sent = SentObjects.begin(objects.server())) {
        while (values.hasNext() && page.position() < PAGE_BYTES) {
          ValueCodec.write(page, values.next());
        }
        return new Page(page.toByteArray(), objects.references(sent.numbers()));
      }
    }
  }

  /** Has pages that are encoded. */
  private static final class Ready implements Source {
    private final ArrayDeque<Page> pages;

    Ready(List<Page> pages) {
      this.pages = new ArrayDeque<>(pages);
    }

    @Override
    public boolean hasNext() {
      return !pages.isEmpty();
    }

    @Override
    public Page next(ObjectTable objects) {
      return pages.remove();
    }
  }

  /** Puts elements one behind the other. */
  private static final class Elements implements Source {
    private final Iterator<QueueElement> elements;

    Elements(List<QueueElement> elements) {
      this.elements = elements.iterator();
    }

    @Override
    public boolean hasNext() {
      return elements.hasNext();
    }

    @Override
    public Page next(ObjectTable objects) {
      PayloadWriter page = new PayloadWriter();
      List<Reference> named = new ArrayList<>();
      while (elements.hasNext() && page.position() < PAGE_BYTES) {
        QueueElement element = elements.next();
        page.putBytes(element.bytes());
        named.addAll(element.objects());
      }
      return new Page(page.toByteArray(), named);
    }
  }

  /** Replies with the next page. */
  Answer next(long call, ObjectTable objects) {
    Page page;
    try {
      page = source.hasNext() ? source.next(objects) : new Page(NOTHING, List.of());
    } catch (UnencodableValueException e) {
      return Replies.refused(call, "an element cannot be sent: " + e.getMessage());
    }
    if (!source.hasNext()) {
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
