// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call of a method of an object of the JDK. */
final class ObjectCall {
  private final ClientCall call;
  private final List<@Nullable Object> values = new ArrayList<>(3); // decoded arguments
  private final byte[] rest; // not decoded yet, because that may run code of users
  private boolean withdrawn; // event loop only
  private @Nullable Answer outcome;

  /** Takes the arguments as far as they are numbers, texts and the like. */
  ObjectCall(ClientCall call) throws PayloadFormatException {
    this.call = call;
    PayloadReader arguments = call.arguments();
    while (ValueCodec.isPlainNext(arguments)) {
      values.add(ValueCodec.read(arguments, ClassLoader.getSystemClassLoader()));
    }
    rest = arguments.getBytes(arguments.remaining());
    call.setWithdrawal(() -> withdrawn = true);
  }

  /** Tells whether it may run code of users, whatever is in the object. */
  boolean isForeign() {
    return rest.length > 0 || call.signature().startsWith("sort(");
  }

  /** Tells whether it is still wanted; then it begins. */
  boolean begin() {
    call.setWithdrawal(null);
    return !withdrawn;
  }

  /** Does it, in whatever thread. */
  void run(ObjectKind kind, Object target, ClassLoader loader, ObjectTable objects) {
    outcome = done(kind, target, loader, objects);
  }

  private Answer done(ObjectKind kind, Object target, ClassLoader loader, ObjectTable objects) {
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
    Object result;
    try {
      result = operation.on(target, values.toArray());
    } catch (Throwable thrown) {
      return Replies.thrown(call.number(), thrown);
    }
    return Replies.returned(call.number(), call.signature(), result, objects);
  }

  /** Replies, in the event loop. */
  void reply() {
    Answer ready = outcome;
    call.reply(
        ready == null
            ? Replies.refused(call.number(), call.signature() + " was not finished")
            : ready);
  }
}
