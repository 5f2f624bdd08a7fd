// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.manager.SentObjects;
import io.procpool.ipc.wire.FromManager.Reply;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes replies. */
final class Replies {
  private Replies() {}

  private static PayloadWriter begin(long number, int outcome) {
    return begin(number, outcome, List.of());
  }

  private static PayloadWriter begin(long number, int outcome, List<Long> objects) {
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, new Reply(number, outcome, objects));
    return message;
  }

  private static Answer answer(PayloadWriter message) {
    return new Answer(message.toByteArray(), List.of());
  }

  /**
   * With what was returned, whatever it is; or that it cannot be sent. May run code of users.
   *
   * @param objects whose handles may be in it
   */
  static Answer returned(
      long number, String signature, @Nullable Object value, ObjectTable objects) {
    PayloadWriter message = begin(number, Reply.RETURNED);
    int start = message.position();
    try (SentObjects sent = SentObjects.begin(objects.server())) {
      ValueCodec.write(message, value);
      if (sent.numbers().isEmpty()) {
        return answer(message);
      }
      byte[] encoded = message.toByteArray();
      return encoded(
          number,
          Arrays.copyOfRange(encoded, start, encoded.length),
          objects.references(sent.numbers()));
    } catch (UnencodableValueException | RuntimeException | StackOverflowError e) {
      return refused(
          number, "what " + signature + " has returned cannot be sent: " + e.getMessage());
    }
  }

  /** With a number, a text, or null. */
  static Answer plain(long number, @Nullable Object value) {
    PayloadWriter message = begin(number, Reply.RETURNED);
    write(message, value);
    return answer(message);
  }

  private static void write(PayloadWriter message, @Nullable Object plain) {
    try {
      ValueCodec.write(message, plain);
    } catch (UnencodableValueException e) {
      throw new AssertionError("a number or a text", e);
    }
  }

  /** With the number of an object, which the client has from then on. */
  static Answer opened(long number, Reference object) {
    PayloadWriter message = begin(number, Reply.RETURNED, List.of(object.number()));
    write(message, object.number());
    return new Answer(message.toByteArray(), List.of(object));
  }

  /**
   * With a value that is encoded already.
   *
   * @param objects whose handles are in it
   */
  static Answer encoded(long number, byte[] value, List<Reference> objects) {
    PayloadWriter message =
        begin(number, Reply.RETURNED, objects.stream().map(Reference::number).toList());
    message.putBytes(value);
    return new Answer(message.toByteArray(), objects);
  }

  /**
   * With a part of a list.
   *
   * @param rest number of the object that has the rest; 0 if there is none
   * @param values encoded, one behind the other
   * @param objects whose handles are in them, and that of the rest
   */
  static Answer page(long number, long rest, byte[] values, List<Reference> objects) {
    PayloadWriter message =
        begin(number, Reply.RETURNED, objects.stream().map(Reference::number).toList());
    write(message, rest);
    message.putBytes(values);
    return new Answer(message.toByteArray(), objects);
  }

  static Answer thrown(long number, Throwable thrown) {
    PayloadWriter message = begin(number, Reply.THREW);
    ThrowableCodec.write(message, thrown, "manager", ProcessHandle.current().pid(), number);
    return answer(message);
  }

  /** Encodes what was thrown, for {@link #threw}. May run code of users. */
  static byte[] thrownBody(Throwable thrown) {
    PayloadWriter body = new PayloadWriter();
    ThrowableCodec.write(body, thrown, "manager", ProcessHandle.current().pid(), 0);
    return body.toByteArray();
  }

  /** With what was thrown, which is encoded already. */
  static Answer threw(long number, byte[] body) {
    PayloadWriter message = begin(number, Reply.THREW);
    message.putBytes(body);
    return answer(message);
  }

  /** Encodes a value, as an element of a queue is; null if it cannot be sent. May run code of users. */
  static @Nullable QueueElement value(@Nullable Object value, ObjectTable objects) {
    PayloadWriter encoded = new PayloadWriter();
    try (SentObjects sent = SentObjects.begin(objects.server())) {
      ValueCodec.write(encoded, value);
      return new QueueElement(encoded.toByteArray(), objects.references(sent.numbers()));
    } catch (UnencodableValueException | RuntimeException | StackOverflowError e) {
      return null;
    }
  }

  /** It cannot be tried. */
  static Answer refused(long number, String reason) {
    PayloadWriter message = begin(number, Reply.REFUSED);
    write(message, reason);
    return answer(message);
  }

  static Answer cancelled(long number) {
    return answer(begin(number, Reply.CANCELLED));
  }
}
