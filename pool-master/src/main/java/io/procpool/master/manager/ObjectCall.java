// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.SentObjects;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call of a method of an object of the JDK. */
final class ObjectCall implements Turn {
  private final ClientCall call;
  private final Content content;
  private final Watchers watchers;
  private final List<@Nullable Object> values = new ArrayList<>(3); // decoded arguments
  private final byte[] rest; // not decoded yet, because that may run code of users
  private boolean withdrawn; // event loop only
  private boolean watched; // whether anybody wants to know what it changes
  private @Nullable Answer outcome;
  private boolean wantBefore;
  private @Nullable Change change;
  private List<Reference> sent = List.of(); // the objects whose handles are in the change

  /** Takes the arguments as far as they are numbers, texts and the like. */
  ObjectCall(ClientCall call, Content content, Watchers watchers) throws PayloadFormatException {
    this.call = call;
    this.content = content;
    this.watchers = watchers;
    PayloadReader arguments = call.arguments();
    while (ValueCodec.isPlainNext(arguments)) {
      values.add(ValueCodec.read(arguments, ClassLoader.getSystemClassLoader()));
    }
    rest = arguments.getBytes(arguments.remaining());
    call.setWithdrawal(() -> withdrawn = true);
  }

  @Override
  public boolean isForeign() {
    return rest.length > 0 || call.signature().startsWith("sort(");
  }

  @Override
  public boolean begin() {
    call.setWithdrawal(null);
    if (withdrawn) {
      return false;
    }
    if (watchers.areThere() && !content.isRead(Content.ObjectOperation.name(call.signature()))) {
      String refusal = watchers.refusal();
      if (refusal != null) {
        call.reply(Replies.refused(call.number(), refusal));
        return false;
      }
      watched = true;
      wantBefore = watchers.wantBefore();
    }
    return true;
  }

  @Override
  public void run(ObjectKind kind, ClassLoader loader, ObjectTable objects) {
    outcome = done(kind, loader, objects);
  }

  private Answer done(ObjectKind kind, ClassLoader loader, ObjectTable objects) {
    ObjectKind.Operation operation = kind.operation(call.signature());
    if (operation == null) {
      return Replies.refused(
          call.number(),
          "a " + kind.name() + " has no operation " + call.signature() + " on this server");
    }
    try {
      PayloadReader reader = new PayloadReader(rest);
      while (reader.remaining() > 0) {
        values.add(ValueCodec.read(reader, loader));
      }
    } catch (PayloadFormatException | RuntimeException | LinkageError | StackOverflowError e) {
      return Replies.refused(
          call.number(),
          "an argument of " + call.signature() + " cannot be rebuilt on the server: "
              + e.getMessage());
    }
    @Nullable Object[] arguments = values.toArray();
    return watched ? watched(operation, arguments, objects) : done(operation, arguments, objects);
  }

  private Answer done(
      ObjectKind.Operation operation, @Nullable Object[] arguments, ObjectTable objects) {
    Object result;
    try {
      result = operation.on(content.target(), arguments);
    } catch (Throwable thrown) {
      return Replies.thrown(call.number(), thrown);
    }
    return Replies.returned(call.number(), call.signature(), result, objects);
  }

  /** Does it, and finds out what it changes. Handles that are encoded meanwhile go nowhere. */
  private Answer watched(
      ObjectKind.Operation operation, @Nullable Object[] arguments, ObjectTable objects) {
    Content.Before before;
    List<Long> inBefore;
    try (SentObjects noted = SentObjects.begin(objects.server())) {
      before = content.before(new Content.ObjectOperation(call.signature(), arguments), wantBefore);
      inBefore = noted.numbers();
    } catch (UnencodableValueException | RuntimeException e) {
      return Replies.refused(
          call.number(),
          "what " + call.signature() + " is about cannot be stored: " + e.getMessage());
    }
    Answer done = done(operation, arguments, objects);
    try (SentObjects noted = SentObjects.begin(objects.server())) {
      change = before.after();
      if (wantBefore) {
        sent = new ArrayList<>(objects.references(inBefore));
        sent.addAll(objects.references(noted.numbers()));
      }
      return done;
    } catch (UnencodableValueException | RuntimeException e) {
      before.undo();
      return Replies.refused(
          call.number(),
          "what " + call.signature() + " has changed cannot be stored, and was undone: "
              + e.getMessage());
    }
  }

  @Override
  public void reply() {
    Change changed = change;
    if (changed != null) {
      watchers.changed(call, changed, sent);
    }
    Answer ready = outcome;
    call.reply(
        ready == null
            ? Replies.refused(call.number(), call.signature() + " was not finished")
            : ready);
  }
}
