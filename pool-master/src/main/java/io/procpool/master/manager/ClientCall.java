// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A call of a client, from its arrival to its reply. */
final class ClientCall implements ServedObject.Work {
  private final long number;
  private final ServedObject object;
  private final String signature;
  private final BiConsumer<ClientCall, byte[]> replies;
  private final List<@Nullable Object> values = new ArrayList<>(3); // decoded arguments
  private final byte[]
      rest; // arguments that are not decoded yet, because that may run code of users
  private boolean cancelled; // event loop only
  private boolean begun; // event loop only
  private byte @Nullable [] outcome;

  /**
   * Takes a call.
   *
   * @param message what is left of its message: the encoded arguments
   * @param replies takes the call with the bytes of its reply, in the event loop
   */
  ClientCall(
      long number,
      ServedObject object,
      String signature,
      PayloadReader message,
      BiConsumer<ClientCall, byte[]> replies)
      throws PayloadFormatException {
    this.number = number;
    this.object = object;
    this.signature = signature;
    this.replies = replies;
    while (message.remaining() > 0 && isPlainNext(message)) {
      values.add(ValueCodec.read(message, ClassLoader.getSystemClassLoader()));
    }
    this.rest = message.getBytes(message.remaining());
  }

  private static boolean isPlainNext(PayloadReader message) throws PayloadFormatException {
    int at = message.position();
    byte first = message.getByte();
    message.position(at);
    return ValueCodec.isPlain(first);
  }

  long number() {
    return number;
  }

  @Override
  public boolean isForeign() {
    return rest.length > 0 || signature.startsWith("sort(");
  }

  @Override
  public boolean begin() {
    begun = !cancelled;
    return begun;
  }

  /** Sees to it that it is not begun any more, and replies that; does nothing if it has begun. */
  void cancel() {
    if (!begun && !cancelled) {
      cancelled = true;
      outcome = message(number, Reply.CANCELLED).toByteArray();
      reply();
    }
  }

  @Override
  public void run() {
    outcome = done();
  }

  private byte[] done() {
    ObjectKind.Operation operation = object.kind().operation(signature);
    if (operation == null) {
      return refusal(
          number,
          "a " + object.kind().name() + " has no operation " + signature + " on this server");
    }
    try {
      decodeRest();
    } catch (PayloadFormatException | RuntimeException | LinkageError | StackOverflowError e) {
      return refusal(
          number,
          "an argument of " + signature + " cannot be rebuilt on the server: " + e.getMessage());
    }
    Object result;
    try {
      result = operation.on(object.target(), values.toArray());
    } catch (Throwable thrown) {
      return thrown(thrown);
    }
    PayloadWriter message = message(number, Reply.RETURNED);
    try {
      ValueCodec.write(message, result);
      return message.toByteArray();
    } catch (UnencodableValueException | RuntimeException | StackOverflowError e) {
      return refusal(
          number, "what " + signature + " has returned cannot be sent: " + e.getMessage());
    }
  }

  private void decodeRest() throws PayloadFormatException {
    PayloadReader reader = new PayloadReader(rest);
    while (reader.remaining() > 0) {
      values.add(ValueCodec.read(reader, ClassLoader.getSystemClassLoader()));
    }
  }

  private byte[] thrown(Throwable thrown) {
    PayloadWriter message = message(number, Reply.THREW);
    ThrowableCodec.write(message, thrown, "manager", ProcessHandle.current().pid(), number);
    return message.toByteArray();
  }

  private static PayloadWriter message(long number, int kind) {
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, new Reply(number, kind));
    return message;
  }

  /** Returns a reply to a call that cannot be tried. */
  static byte[] refusal(long number, String reason) {
    return plain(number, Reply.REFUSED, reason);
  }

  /** Returns a reply with a value of the server itself, such as a number. */
  static byte[] value(long number, Object value) {
    return plain(number, Reply.RETURNED, value);
  }

  private static byte[] plain(long number, int outcome, Object value) {
    PayloadWriter message = message(number, outcome);
    try {
      ValueCodec.write(message, value);
    } catch (UnencodableValueException e) {
      throw new IllegalArgumentException("neither number nor text: " + value, e);
    }
    return message.toByteArray();
  }

  @Override
  public void reply() {
    byte[] ready = outcome;
    replies.accept(this, ready == null ? refusal(number, signature + " was not finished") : ready);
  }
}
