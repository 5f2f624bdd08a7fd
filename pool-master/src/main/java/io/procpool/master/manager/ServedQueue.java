// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A queue, and who waits at it. For the event loop alone. */
final class ServedQueue implements Served {
  /*
   * Elements stay encoded: they are nobody's business here, and no code of users runs.
   * Waiting  is a call without a reply yet. Who waits for an element does so at an empty queue, who waits for room at a full one, so at one of the two
   *          at most; what comes is handed to the first. A call that is withdrawn, or whose time is up, leaves its place.
   */
  private static final long FOREVER = Long.MAX_VALUE;

  private final boolean lastFirst;
  private final int capacity;
  private final ArrayDeque<Element> elements = new ArrayDeque<>();
  private final ArrayDeque<Waiter> takers = new ArrayDeque<>();
  private final ArrayDeque<Waiter> putters = new ArrayDeque<>();
  private final ArrayDeque<Waiter> joiners = new ArrayDeque<>();
  private long unfinished;

  /** An encoded element, and the objects whose handles are in it. */
  private record Element(byte[] bytes, List<Reference> objects) {
    boolean isSame(Element other) {
      return Arrays.equals(bytes, other.bytes);
    }
  }

  /** A call that waits. */
  private static final class Waiter {
    final ClientCall call;
    final @Nullable Element element; // to be put

    @Nullable
    Future<?> alarm;

    Waiter(ClientCall call, @Nullable Element element) {
      this.call = call;
      this.element = element;
    }

    void finish(Answer reply) {
      if (alarm != null) {
        alarm.cancel(false);
      }
      call.reply(reply);
    }
  }

  /** Makes one as a client wants it, who says the capacity. */
  static ServedQueue open(boolean lastFirst, PayloadReader arguments)
      throws PayloadFormatException {
    int capacity = Plain.readInt(arguments);
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity: " + capacity + " (expected: 1 or more)");
    }
    return new ServedQueue(lastFirst, capacity);
  }

  private ServedQueue(boolean lastFirst, int capacity) {
    this.lastFirst = lastFirst;
    this.capacity = capacity;
  }

  @Override
  public String kind() {
    return lastFirst ? "lifo" : "queue";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    switch (call.signature()) {
      case "put(Object)" -> put(call, element(call), FOREVER, loop);
      case "offer(Object)" -> put(call, element(call), 0, loop);
      case "offer(long,Object)" -> {
        long nanos = nanos(arguments);
        put(call, element(call), nanos, loop);
      }
      case "take()" -> take(call, FOREVER, loop);
      case "poll()" -> take(call, 0, loop);
      case "poll(long)" -> take(call, nanos(arguments), loop);
      case "peek()" -> {
        Element next = lastFirst ? elements.peekLast() : elements.peekFirst();
        reply(call, next);
      }
      case "size()" -> plain(call, elements.size());
      case "remainingCapacity()" -> plain(call, capacity - elements.size());
      case "contains(Object)" -> plain(call, find(element(call), false));
      case "remove(Object)" -> plain(call, find(element(call), true));
      case "clear()" -> {
        int cleared = elements.size();
        elements.clear();
        finished(cleared);
        letIn();
        plain(call, null);
      }
      case "elements()" -> elements(call);
      case "taskDone()" -> taskDone(call);
      case "join()" -> {
        if (unfinished == 0) {
          plain(call, null);
        } else {
          await(joiners, new Waiter(call, null), FOREVER, null, loop);
        }
      }
      default ->
        call.reply(Replies.refused(
            call.number(),
            "a " + kind() + " has no operation " + call.signature() + " on this server"));
    }
  }

  private static Element element(ClientCall call) throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    return new Element(arguments.getBytes(arguments.remaining()), call.objects());
  }

  private static long nanos(PayloadReader arguments) throws PayloadFormatException {
    long nanos = Plain.readLong(arguments);
    if (nanos < 0) {
      throw new PayloadFormatException("no time to wait: " + nanos);
    }
    return nanos;
  }

  private static void plain(ClientCall call, @Nullable Object value) {
    call.reply(Replies.plain(call.number(), value));
  }

  /** Replies with an element, or null. */
  private static void reply(ClientCall call, @Nullable Element element) {
    call.reply(element == null ? Replies.plain(call.number(), null) : encoded(call, element));
  }

  private static Answer encoded(ClientCall call, Element element) {
    return Replies.encoded(call.number(), element.bytes(), element.objects());
  }

  // Putting and taking.

  private void put(ClientCall call, Element element, long nanos, EventExecutor loop) {
    Waiter taker = takers.poll();
    if (taker != null) {
      unfinished++;
      taker.finish(encoded(taker.call, element));
      plain(call, true);
    } else if (elements.size() < capacity) {
      unfinished++;
      elements.addLast(element);
      plain(call, true);
    } else if (nanos == 0) {
      plain(call, false);
    } else {
      await(putters, new Waiter(call, element), nanos, false, loop);
    }
  }

  private void take(ClientCall call, long nanos, EventExecutor loop) {
    Element element = lastFirst ? elements.pollLast() : elements.pollFirst();
    if (element != null || nanos == 0) {
      letIn();
      reply(call, element);
    } else {
      await(takers, new Waiter(call, null), nanos, null, loop);
    }
  }

  /** Takes those in who wait for room, as far as there is some. */
  private void letIn() {
    while (elements.size() < capacity && !putters.isEmpty()) {
      Waiter putter = putters.remove();
      if (putter.element != null) {
        unfinished++;
        elements.addLast(putter.element);
      }
      putter.finish(Replies.plain(putter.call.number(), true));
    }
  }

  private static void await(
      ArrayDeque<Waiter> place,
      Waiter waiter,
      long nanos,
      @Nullable Object whenOver,
      EventExecutor loop) {
    place.add(waiter);
    waiter.call.setWithdrawal(() -> {
      place.remove(waiter);
      if (waiter.alarm != null) {
        waiter.alarm.cancel(false);
      }
    });
    if (nanos != FOREVER) {
      waiter.alarm = loop.schedule(
          () -> {
            if (place.remove(waiter)) {
              plain(waiter.call, whenOver);
            }
          },
          nanos,
          TimeUnit.NANOSECONDS);
    }
  }

  // Content.

  private boolean find(Element wanted, boolean removes) {
    for (Iterator<Element> each = elements.iterator(); each.hasNext(); ) {
      if (each.next().isSame(wanted)) {
        if (removes) {
          each.remove();
          finished(1);
          letIn();
        }
        return true;
      }
    }
    return false;
  }

  /** Replies with all elements, encoded one behind the other, in the order in which they would be taken. */
  private void elements(ClientCall call) {
    PayloadWriter all = new PayloadWriter();
    List<Element> ordered = new ArrayList<>(elements.size());
    (lastFirst ? elements.descendingIterator() : elements.iterator())
        .forEachRemaining(ordered::add);
    List<Reference> objects = new ArrayList<>();
    for (Element element : ordered) {
      all.putBytes(element.bytes());
      objects.addAll(element.objects());
    }
    call.reply(Replies.elements(call.number(), all.toByteArray(), objects));
  }

  // Dealt with.

  private void taskDone(ClientCall call) {
    if (unfinished - elements.size() <= 0) {
      call.reply(Replies.thrown(
          call.number(),
          new IllegalStateException("taskDone() was called more often than elements were taken")));
    } else {
      finished(1);
      plain(call, null);
    }
  }

  private void finished(int count) {
    unfinished -= count;
    if (unfinished == 0) {
      for (Waiter joiner = joiners.poll(); joiner != null; joiner = joiners.poll()) {
        joiner.finish(Replies.plain(joiner.call.number(), null));
      }
    }
  }
}
