// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.manager.ManagerWire;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A queue, and who waits at it. For the event loop alone. */
final class ServedQueue implements Kept {
  /*
   * Elements stay encoded: they are nobody's business here, and no code of users runs.
   * Waiting  is a call without a reply yet. Who waits for an element does so at an empty queue, who waits for room at a full one, so at one of the two
   *          at most; what comes is handed to the first.
   */
  private static final String ELEMENTS = ManagerWire.PAGED + ManagerWire.ELEMENTS;
  private static final Set<String> READS = Set.of(
      "peek()",
      "peekLast()",
      "size()",
      "remainingCapacity()",
      "contains(Object)",
      ELEMENTS,
      "taskDone()",
      "join()",
      ManagerWire.LISTEN,
      ManagerWire.UNLISTEN);
  static final String DEQUE = "deque";

  private final String kind;
  private final int capacity;
  private final QueueContent elements;
  private final Watchers watchers;
  private final WaitingLine<Taker> takers = new WaitingLine<>();
  private final WaitingLine<Putter> putters = new WaitingLine<>();
  private final WaitingLine<Waiter> joiners = new WaitingLine<>();
  private long unfinished;

  /** A call that waits for an element. */
  private static final class Taker extends Waiter {
    private final boolean otherEnd;

    Taker(ClientCall call, boolean otherEnd) {
      super(call, null);
      this.otherEnd = otherEnd;
    }
  }

  /** A call that waits for room. */
  private final class Putter extends Waiter {
    private final QueueElement element;
    private final boolean otherEnd;

    Putter(ClientCall call, QueueElement element, boolean otherEnd) {
      super(call, false);
      this.element = element;
      this.otherEnd = otherEnd;
    }

    @Override
    void timeIsUp() {
      elements.drop(element);
      super.timeIsUp();
    }

    @Override
    boolean cancelled() {
      elements.drop(element);
      return true;
    }
  }

  /** Makes one as a client wants it, who says the capacity. */
  static ServedQueue open(
      String kind, boolean lastFirst, PayloadReader arguments, Watchers watchers)
      throws PayloadFormatException {
    return new ServedQueue(kind, Plain.readInt(arguments), new DequeContent(lastFirst), watchers);
  }

  ServedQueue(String kind, int capacity, QueueContent elements, Watchers watchers) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity: " + capacity + " (expected: 1 or more)");
    }
    this.kind = kind;
    this.capacity = capacity;
    this.elements = elements;
    this.watchers = watchers;
  }

  @Override
  public String kind() {
    return kind;
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
      case "put(Object)" -> put(call, element(call), WaitingLine.FOREVER, loop, false);
      case "offer(Object)" -> put(call, element(call), 0, loop, false);
      case "offer(long,Object)" -> {
        long nanos = Plain.readNanos(arguments);
        put(call, element(call), nanos, loop, false);
      }
      case "take()" -> take(call, WaitingLine.FOREVER, loop, false);
      case "poll()" -> take(call, 0, loop, false);
      case "poll(long)" -> take(call, Plain.readNanos(arguments), loop, false);
      case "peek()" -> reply(call, elements.peek(false));
      case "size()" -> plain(call, elements.size());
      case "remainingCapacity()" -> plain(call, capacity - elements.size());
      case "contains(Object)" -> plain(call, elements.find(element(call), false, false) >= 0);
      case "remove(Object)" -> remove(call, element(call), false);
      case "clear()" -> {
        int cleared = elements.size();
        if (cleared > 0 && watchers.areThere()) {
          changed(call, 0, elements.inPlaces(), List.of());
        }
        elements.clear();
        finished(cleared);
        letIn();
        plain(call, null);
      }
      case ELEMENTS -> call.reply(Pages.ofElements(elements.all()).next(call.number(), objects));
      case ManagerWire.LISTEN, ManagerWire.UNLISTEN ->
        new ListenTurn(call, call.signature().equals(ManagerWire.LISTEN), watchers).reply(objects);
      case "taskDone()" -> taskDone(call);
      case "join()" -> {
        if (unfinished == 0) {
          plain(call, null);
        } else {
          joiners.add(new Waiter(call, null));
        }
      }
      default -> acceptAtOtherEnd(call, arguments, loop);
    }
  }

  private void acceptAtOtherEnd(ClientCall call, PayloadReader arguments, EventExecutor loop)
      throws PayloadFormatException {
    switch (kind.equals(DEQUE) ? call.signature() : "none of these") {
      case "putFirst(Object)" -> put(call, element(call), WaitingLine.FOREVER, loop, true);
      case "offerFirst(Object)" -> put(call, element(call), 0, loop, true);
      case "offerFirst(long,Object)" -> {
        long nanos = Plain.readNanos(arguments);
        put(call, element(call), nanos, loop, true);
      }
      case "takeLast()" -> take(call, WaitingLine.FOREVER, loop, true);
      case "pollLast()" -> take(call, 0, loop, true);
      case "pollLast(long)" -> take(call, Plain.readNanos(arguments), loop, true);
      case "peekLast()" -> reply(call, elements.peek(true));
      case "removeLastOccurrence(Object)" -> remove(call, element(call), true);
      default ->
        call.reply(Replies.refused(
            call.number(),
            ObjectTable.withArticle(kind) + " has no operation " + call.signature()
                + " on this server"));
    }
  }

  private static QueueElement element(ClientCall call) throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    return new QueueElement(arguments.getBytes(arguments.remaining()), call.objects());
  }

  private static void plain(ClientCall call, @Nullable Object value) {
    call.reply(Replies.plain(call.number(), value));
  }

  /** Replies with an element, or null. */
  private static void reply(ClientCall call, @Nullable QueueElement element) {
    call.reply(element == null ? Replies.plain(call.number(), null) : encoded(call, element));
  }

  private static Answer encoded(ClientCall call, QueueElement element) {
    return Replies.encoded(call.number(), element.bytes(), element.objects());
  }

  // Putting and taking.

  /** Puts an element, now or when there is room, within a time. */
  void put(
      ClientCall call, QueueElement element, long nanos, EventExecutor loop, boolean otherEnd) {
    if (elements.size() < capacity) {
      if (takers.size() == 0) {
        add(call, element, otherEnd);
      } else {
        handOut(element, otherEnd);
      }
      plain(call, true);
    } else if (nanos == 0) {
      elements.drop(element);
      plain(call, false);
    } else {
      putters.add(new Putter(call, element, otherEnd), nanos, loop);
    }
  }

  private void add(ClientCall call, QueueElement element, boolean otherEnd) {
    unfinished++;
    elements.add(element, otherEnd);
    if (watchers.areThere()) {
      int place = watchers.areKept() ? elements.placeOfAdded(element, otherEnd) : 0;
      changed(call, place, List.of(), List.of(element));
    }
  }

  /** Gives what has come to who waits for it: he waits at an empty queue, so it is the only element. */
  private void handOut(QueueElement element, boolean otherEnd) {
    unfinished++;
    elements.add(element, otherEnd);
    Taker taker = Objects.requireNonNull(takers.poll());
    elements.poll(taker.otherEnd);
    if (watchers.areListening()) {
      watchers.tell(change(0, List.of(), List.of(element)), element.objects());
      watchers.tell(change(0, List.of(element), List.of()), element.objects());
    }
    taker.call.reply(encoded(taker.call, element));
  }

  private void take(ClientCall call, long nanos, EventExecutor loop, boolean otherEnd) {
    int place = elements.placeOfNext(otherEnd);
    QueueElement element = elements.poll(otherEnd);
    if (element != null || nanos == 0) {
      if (element != null) {
        changed(call, place, List.of(element), List.of());
      }
      letIn();
      reply(call, element);
    } else {
      takers.add(new Taker(call, otherEnd), nanos, loop);
    }
  }

  /** Takes those in who wait for room, as far as there is some. */
  private void letIn() {
    while (elements.size() < capacity) {
      Putter putter = putters.poll();
      if (putter == null) {
        return;
      }
      add(putter.call, putter.element, putter.otherEnd);
      putter.reply(true);
    }
  }

  // Content.

  private void remove(ClientCall call, QueueElement wanted, boolean otherEnd) {
    int place = elements.find(wanted, otherEnd, true);
    if (place >= 0) {
      changed(call, place, List.of(wanted), List.of());
      finished(1);
      letIn();
    }
    plain(call, place >= 0);
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
      joiners.pollAll().forEach(joiner -> joiner.reply(null));
    }
  }

  // What a store keeps and listeners are told: the elements, and the objects in them. What was
  // taken
  // counts as dealt with after a restart. What is handed to who waits is nothing for the store.

  private void changed(
      ClientCall call,
      int at,
      Collection<? extends QueueElement> removed,
      Collection<? extends QueueElement> added) {
    if (watchers.areThere()) {
      watchers.changed(call, change(at, removed, added), objects(removed, added));
    }
  }

  private List<Reference> objects(
      Collection<? extends QueueElement> removed, Collection<? extends QueueElement> added) {
    if (!watchers.areListening()) {
      return List.of();
    }
    List<Reference> all = new ArrayList<>();
    removed.forEach(element -> all.addAll(element.objects()));
    added.forEach(element -> all.addAll(element.objects()));
    return all;
  }

  /** One place, from which on so many elements are others now. The numbers of the objects in them are the key of the part: they cannot be found without decoding. */
  static Change change(
      int at,
      Collection<? extends QueueElement> removed,
      Collection<? extends QueueElement> added) {
    List<Change.Part> parts = new ArrayList<>();
    if (!removed.isEmpty()) {
      List<byte[]> gone = removed.stream().map(QueueElement::bytes).toList();
      parts.add(new Change.Part(null, at, gone.size(), gone, List.of()));
    }
    int to = at;
    for (QueueElement element : added) {
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
    restore((DequeContent) elements, change, objects);
    unfinished = elements.size();
  }

  /** Has the elements that a change says. */
  static void restore(DequeContent elements, Change change, ObjectTable objects)
      throws PayloadFormatException {
    for (Change.Part part : change.parts()) {
      if (part.at < 0 || part.removed < 0 || part.at + part.removed > elements.size()) {
        throw new PayloadFormatException("a change of " + part.removed + " elements at " + part.at
            + " of a queue of " + elements.size());
      }
      List<Reference> sent = objects.references(QueueElement.numbers(part.key));
      elements.splice(
          part.at,
          part.removed,
          part.after.stream().map(bytes -> new QueueElement(bytes, sent)).toList());
    }
  }

  /** Says that an element is in it from before a restart. */
  void restored(QueueElement element) {
    unfinished++;
    elements.add(element, false);
  }

  @Override
  public boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    loop.execute(() -> whenKnown.accept(List.of(change(0, List.of(), elements.inPlaces()))));
    return true;
  }
}
