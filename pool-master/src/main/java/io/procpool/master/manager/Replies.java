// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager.Reply;
import org.jspecify.annotations.Nullable;

/** Makes replies. */
final class Replies {
  private Replies() {}

  private static PayloadWriter begin(long number, int outcome) {
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, new Reply(number, outcome));
    return message;
  }

  /** With what was returned, whatever it is; or that it cannot be sent. May run code of users. */
  static byte[] returned(long number, String signature, @Nullable Object value) {
    PayloadWriter message = begin(number, Reply.RETURNED);
    try {
      ValueCodec.write(message, value);
      return message.toByteArray();
    } catch (UnencodableValueException | RuntimeException | StackOverflowError e) {
      return refused(
          number, "what " + signature + " has returned cannot be sent: " + e.getMessage());
    }
  }

  /** With a number, a text, or null. */
  static byte[] plain(long number, @Nullable Object value) {
    return returned(number, "the operation", value);
  }

  /** With a value that is encoded already. */
  static byte[] encoded(long number, byte[] value) {
    PayloadWriter message = begin(number, Reply.RETURNED);
    message.putBytes(value);
    return message.toByteArray();
  }

  static byte[] thrown(long number, Throwable thrown) {
    PayloadWriter message = begin(number, Reply.THREW);
    ThrowableCodec.write(message, thrown, "manager", ProcessHandle.current().pid(), number);
    return message.toByteArray();
  }

  /** Encodes what was thrown, for {@link #threw}. May run code of users. */
  static byte[] thrownBody(Throwable thrown) {
    PayloadWriter body = new PayloadWriter();
    ThrowableCodec.write(body, thrown, "manager", ProcessHandle.current().pid(), 0);
    return body.toByteArray();
  }

  /** With what was thrown, which is encoded already. */
  static byte[] threw(long number, byte[] body) {
    PayloadWriter message = begin(number, Reply.THREW);
    message.putBytes(body);
    return message.toByteArray();
  }

  /** Encodes a value, for {@link #encoded}; null if it cannot be sent. May run code of users. */
  static byte @Nullable [] value(@Nullable Object value) {
    PayloadWriter encoded = new PayloadWriter();
    try {
      ValueCodec.write(encoded, value);
      return encoded.toByteArray();
    } catch (UnencodableValueException | RuntimeException | StackOverflowError e) {
      return null;
    }
  }

  /** It cannot be tried. */
  static byte[] refused(long number, String reason) {
    PayloadWriter message = begin(number, Reply.REFUSED);
    try {
      ValueCodec.write(message, reason);
    } catch (UnencodableValueException e) {
      throw new AssertionError("a text", e);
    }
    return message.toByteArray();
  }

  static byte[] cancelled(long number) {
    return begin(number, Reply.CANCELLED).toByteArray();
  }
}
