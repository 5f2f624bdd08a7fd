// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.manager.FunctionTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A queue whose lowest element is taken first. For the event loop alone. */
final class ServedPriorityQueue implements Kept {
  /*
   * Only putting compares: an element gets its place first, by another thread if that may run code of users; meanwhile all other calls wait in `line`. What comes then,
   *      waiting included, is that of every queue (ServedQueue).
   */
  static final String KIND = "priority queue";

  private final ServedQueue queue;
  private final ArrayDeque<ClientCall> line = new ArrayDeque<>();
  private final byte[] encodedOrder;
  private final ClassLoader loader;
  private final PriorityContent content;
  private final Watchers watchers;
  private final DequeContent restored = new DequeContent(false); // without a place yet
  private @Nullable Comparator<Object> order; // decoded when it is used first
  private boolean foreign; // comparing may run code of users
  private boolean busy;
  private @Nullable FunctionTimeoutException inTheWay; // why calls are not left waiting
  private @Nullable String unusable; // why what was restored cannot be used
  private final List<Runnable> whenIdle = new ArrayList<>(0);

  /** What another thread does for a call. */
  private interface Work {
    /** Does it, and returns what is then to be done in the event loop. */
    Runnable run() throws PayloadFormatException;
  }

  /** Makes one as a client wants it, who says the capacity, and maybe an order. */
  static ServedPriorityQueue open(PayloadReader arguments, ClassLoader loader, Watchers watchers)
      throws PayloadFormatException {
    int capacity = Plain.readInt(arguments);
    return new ServedPriorityQueue(
        capacity, arguments.getBytes(arguments.remaining()), loader, watchers);
  }

  private ServedPriorityQueue(
      int capacity, byte[] encodedOrder, ClassLoader loader, Watchers watchers) {
    this.watchers = watchers;
    this.encodedOrder = encodedOrder;
    this.loader = loader;
    this.foreign = encodedOrder.length > 0;
    this.content = new PriorityContent(foreign ? this::compare : null);
    this.queue = new ServedQueue(KIND, capacity, content, watchers);
  }

  private int compare(Object one, Object other) {
    return Objects.requireNonNull(order).compare(one, other);
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop) {
    FunctionTimeoutException why = inTheWay;
    if (why != null) {
      call.reply(Replies.thrown(call.number(), why));
      return;
    }
    line.add(call);
    call.setWithdrawal(() -> line.remove(call));
    if (!busy) {
      advance(objects, loop);
    }
  }

  /** Has all calls that wait told why they cannot be done, and those that come as long as it is busy. */
  private void refuseCalls(FunctionTimeoutException why) {
    inTheWay = why;
    line.forEach(call -> call.reply(Replies.thrown(call.number(), why)));
    line.clear();
  }

  private void advance(ObjectTable objects, EventExecutor loop) {
    if (restored.size() > 0) {
      placeRestored(objects, loop);
      return;
    }
    for (ClientCall next = line.poll(); next != null && !busy; next = busy ? null : line.poll()) {
      next.setWithdrawal(null);
      try {
        begin(next, objects, loop);
      } catch (PayloadFormatException | RuntimeException e) {
        next.reply(refusal(next, e));
      }
    }
  }

  private void begin(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    String why = unusable;
    if (why != null) {
      call.reply(Replies.refused(call.number(), why));
      return;
    }
    PayloadReader arguments = call.arguments();
    switch (call.signature()) {
      case "put(Object)" -> place(call, WaitingLine.FOREVER, objects, loop);
      case "offer(Object)" -> place(call, 0, objects, loop);
      case "offer(long,Object)" -> place(call, Plain.readNanos(arguments), objects, loop);
      case ManagerWire.MADE -> {
        if (foreign) {
          elsewhere(call, this::readOrder, objects, loop);
        } else {
          call.reply(Replies.plain(call.number(), null));
        }
      }
      default -> queue.accept(call, objects, loop);
    }
  }

  private void place(ClientCall call, long nanos, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    String refusal = watchers.refusal();
    if (refusal != null) {
      call.reply(Replies.refused(call.number(), refusal));
      return;
    }
    PayloadReader arguments = call.arguments();
    boolean plain = ValueCodec.isPlainNext(arguments);
    QueueElement element =
        new QueueElement(arguments.getBytes(arguments.remaining()), call.objects());
    if (encodedOrder.length == 0 && content.isClear()) {
      foreign = false;
    }
    if (plain && !foreign) {
      PriorityContent.Ranked placed;
      try {
        placed = content.place(element, decoded(element));
      } catch (ClassCastException | NullPointerException notComparable) {
        call.reply(Replies.thrown(call.number(), notComparable));
        return;
      }
      queue.put(call, placed, nanos, loop, false);
      return;
    }
    elsewhere(
        call,
        () -> {
          readOrder();
          Object value = decoded(element);
          boolean simple = Holding.of(value) == Holding.SIMPLE;
          PriorityContent.Ranked placed = content.place(element, value);
          return () -> {
            foreign |= !simple;
            if (call.client().isGone() || call.hasReplied()) { // because its time was over
              content.drop(placed);
            } else {
              queue.put(call, placed, nanos, loop, false);
            }
          };
        },
        objects,
        loop);
  }

  private Object decoded(QueueElement element) throws PayloadFormatException {
    return Objects.requireNonNull(
        ValueCodec.read(new PayloadReader(element.bytes()), loader), "element");
  }

  @SuppressWarnings("unchecked")
  private Runnable readOrder() throws PayloadFormatException {
    if (order == null && encodedOrder.length > 0) {
      order = (Comparator<Object>) ValueCodec.read(new PayloadReader(encodedOrder), loader);
    }
    return () -> {};
  }

  private void elsewhere(ClientCall call, Work work, ObjectTable objects, EventExecutor loop) {
    busy = true;
    RunningTurn running = objects
        .turns()
        .begin(this, List.of(call.object()), other -> other == this, call, loop, this::refuseCalls);
    objects.others().execute(() -> {
      Runnable then;
      running.begin();
      try {
        Runnable after = work.run();
        boolean made = call.signature().equals(ManagerWire.MADE);
        then = made ? () -> call.reply(Replies.plain(call.number(), null)) : after;
      } catch (PayloadFormatException e) {
        Answer refusal = refusal(call, e);
        then = () -> call.reply(refusal);
      } catch (Throwable thrown) {
        Answer reply = Replies.thrown(call.number(), thrown);
        then = () -> call.reply(reply);
      } finally {
        running.end();
      }
      Runnable done = then;
      goOn(
          () -> {
            objects.turns().end(running);
            inTheWay = null;
            done.run();
          },
          objects,
          loop);
    });
  }

  private void goOn(Runnable then, ObjectTable objects, EventExecutor loop) {
    try {
      loop.execute(() -> {
        busy = false;
        then.run();
        whenIdle.forEach(Runnable::run);
        whenIdle.clear();
        advance(objects, loop);
      });
    } catch (RejectedExecutionException serverHasEnded) {
      // And so have its clients' connections.
    }
  }

  // What a store keeps.

  @Override
  public void restoreNothing() {
    restored.clear();
  }

  @Override
  public void restore(Change change, ObjectTable objects) throws PayloadFormatException {
    ServedQueue.restore(restored, change, objects);
  }

  /** Gives what was restored its places, when it is first used: that compares. */
  private void placeRestored(ObjectTable objects, EventExecutor loop) {
    busy = true;
    List<QueueElement> all = restored.inPlaces();
    restored.clear();
    objects.others().execute(() -> {
      Runnable then;
      try {
        readOrder();
        List<PriorityContent.Ranked> placed = new ArrayList<>();
        boolean simple = true;
        for (QueueElement element : all) {
          Object value = decoded(element);
          simple &= Holding.of(value) == Holding.SIMPLE;
          placed.add(content.place(element, value));
        }
        boolean isSimple = simple;
        then = () -> {
          foreign |= !isSimple;
          placed.forEach(queue::restored);
        };
      } catch (Throwable e) {
        String why = "what was kept of this " + KIND + " cannot be rebuilt on the server: " + e;
        then = () -> unusable = why;
      }
      goOn(then, objects, loop);
    });
  }

  @Override
  public boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    Runnable state = () -> whenKnown.accept(
        unusable != null
            ? null
            : List.of(ServedQueue.change(
                0, List.of(), restored.size() > 0 ? restored.inPlaces() : content.inPlaces())));
    if (busy) {
      whenIdle.add(state);
      return false;
    }
    loop.execute(() -> {
      if (busy) {
        whenIdle.add(state);
      } else {
        state.run();
      }
    });
    return true;
  }

  private static Answer refusal(ClientCall call, Exception reason) {
    return Replies.refused(
        call.number(),
        "an argument of " + call.signature() + " cannot be rebuilt on the server: "
            + reason.getMessage());
  }
}
