// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A queue, and who waits at it. For the event loop alone. */
final class ServedQueue implements Kept {
  /*
   * Elements stay encoded: they are nobody's business here, and no code of users runs.
   * Waiting  is a call without a reply yet. Who waits for an element does so at an empty queue, who waits for room at a full one, so at one of the two
   *          at most; what comes is handed to the first. A call that is withdrawn, or whose time is up, leaves its place.
   */
  private static final Set<String> READS = Set.of(
      "peek()",
      "size()",
      "remainingCapacity()",
      "contains(Object)",
      "elements()",
      "taskDone()",
      "join()");
  private static final long FOREVER = Long.MAX_VALUE;

  private final boolean lastFirst;
  private final int capacity;
  private final Watchers watchers;
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

    /** Returns the numbers of the objects, eight bytes each; null if there are none. */
    byte @Nullable [] objectNumbers() {
      if (objects.isEmpty()) {
        return null;
      }
      ByteBuffer numbers = ByteBuffer.allocate(objects.size() * Long.BYTES);
      objects.forEach(object -> numbers.putLong(object.number()));
      return numbers.array();
    }

    static List<Long> numbers(byte @Nullable [] numbers) {
      List<Long> all = new ArrayList<>();
      if (numbers != null) {
        ByteBuffer reader = ByteBuffer.wrap(numbers);
        while (reader.remaining() >= Long.BYTES) {
          all.add(reader.getLong());
        }
      }
      return all;
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
  static ServedQueue open(boolean lastFirst, PayloadReader arguments, Watchers watchers)
      throws PayloadFormatException {
    int capacity = Plain.readInt(arguments);
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity: " + capacity + " (expected: 1 or more)");
    }
    return new ServedQueue(lastFirst, capacity, watchers);
  }

  private ServedQueue(boolean lastFirst, int capacity, Watchers watchers) {
    this.lastFirst = lastFirst;
    this.capacity = capacity;
    this.watchers = watchers;
  }

  @Override
  public String kind() {
    return lastFirst ? "lifo" : "queue";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    String refusal = watchers.refusal();
    if (refusal != null && !READS.contains(call.signature())) {
      call.reply(Replies.refused(call.number(), refusal));
      return;
    }
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
      case "contains(Object)" -> plain(call, find(element(call), null));
      case "remove(Object)" -> plain(call, find(element(call), call));
      case "clear()" -> {
        int cleared = elements.size();
        changed(call, 0, elements, List.of());
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
      add(call, element);
      plain(call, true);
    } else if (nanos == 0) {
      plain(call, false);
    } else {
      await(putters, new Waiter(call, element), nanos, false, loop);
    }
  }

  private void add(ClientCall call, Element element) {
    unfinished++;
    changed(call, elements.size(), List.of(), List.of(element));
    elements.addLast(element);
  }

  private void take(ClientCall call, long nanos, EventExecutor loop) {
    Element element = lastFirst ? elements.pollLast() : elements.pollFirst();
    if (element != null || nanos == 0) {
      if (element != null) {
        changed(call, lastFirst ? elements.size() : 0, List.of(element), List.of());
      }
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
        add(putter.call, putter.element);
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

  private boolean find(Element wanted, @Nullable ClientCall remover) {
    int at = 0;
    for (Iterator<Element> each = elements.iterator(); each.hasNext(); at++) {
      if (each.next().isSame(wanted)) {
        if (remover != null) {
          changed(remover, at, List.of(wanted), List.of());
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

  // What a store keeps: the elements, and the objects in them. What was taken counts as dealt with
  // after a restart.

  private void changed(
      ClientCall call, int at, Collection<Element> removed, Collection<Element> added) {
    if (watchers.areThere()) {
      watchers.changed(call, change(at, removed, added), List.of());
    }
  }

  /** One place, from which on so many elements are others now. The numbers of the objects in them are the key of the part: they cannot be found without decoding. */
  private static Change change(int at, Collection<Element> removed, Collection<Element> added) {
    List<Change.Part> parts = new ArrayList<>();
    if (!removed.isEmpty()) {
      List<byte[]> gone = removed.stream().map(Element::bytes).toList();
      parts.add(new Change.Part(null, at, gone.size(), gone, List.of()));
    }
    int to = at;
    for (Element element : added) {
      parts.add(
          new Change.Part(element.objectNumbers(), to++, 0, List.of(), List.of(element.bytes())));
    }
    return new Change(parts);
  }

  @Override
  public void restoreNothing() {
    elements.clear();
    unfinished = 0;
  }

  @Override
  public void restore(Change change, ObjectTable objects) throws PayloadFormatException {
    for (Change.Part part : change.parts()) {
      if (part.at < 0 || part.removed < 0 || part.at + part.removed > elements.size()) {
        throw new PayloadFormatException("a change of " + part.removed + " elements at " + part.at
            + " of a queue of " + elements.size());
      }
      if (part.at == 0) {
        for (int i = 0; i < part.removed; i++) {
          elements.removeFirst();
        }
      } else if (part.at + part.removed == elements.size()) {
        for (int i = 0; i < part.removed; i++) {
          elements.removeLast();
        }
      } else {
        List<Element> all = new ArrayList<>(elements);
        all.subList(part.at, part.at + part.removed).clear();
        elements.clear();
        elements.addAll(all);
      }
      for (byte[] bytes : part.after) {
        elements.addLast(new Element(bytes, objects.references(Element.numbers(part.key))));
      }
    }
    unfinished = elements.size();
  }

  @Override
  public boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    loop.execute(() -> whenKnown.accept(List.of(change(0, List.of(), elements))));
    return true;
  }
}
