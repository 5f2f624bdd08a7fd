// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.UndecodableMessageException;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.SerializationDiagnosis;
import io.procpool.ipc.codec.Shipment;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import java.nio.ByteBuffer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** How a message is encoded: bytes as they are, or an object. Safe for use by multiple threads. */
public final class Messages {
  /** The message is an object, as the value codec writes it. */
  public static final int OBJECT = 1;

  /** The message is bytes. */
  public static final int BYTES = 2;

  private static final ThreadLocal<Encoder> ENCODERS = ThreadLocal.withInitial(Encoder::new);
  private static final ThreadLocal<Boolean> COPYING = ThreadLocal.withInitial(() -> false);

  private Messages() {}

  /** What a thread encodes with. */
  private static final class Encoder {
    private final PayloadWriter writer = new PayloadWriter();
    private boolean busy; // by a message whose own writeObject sends another one
  }

  /**
   * Something to do with an encoded message, whose bytes are valid until it returns.
   *
   * @param <T> what it returns
   * @param <X> what it may throw
   */
  public interface Use<T, X extends Exception> {
    /** Does it. */
    T with(ByteBuffer encoded) throws X, InterruptedException;
  }

  /**
   * Encodes an object and has something done with it.
   *
   * @param isSent tells by the result whether the message is on its way now
   * @throws NotSerializableMessageException if it cannot be encoded
   */
  public static <T, X extends Exception> T encode(
      @Nullable Object message, Use<T, X> use, Predicate<T> isSent) throws X, InterruptedException {
    Encoder encoder = ENCODERS.get();
    if (encoder.busy) {
      return encode(new PayloadWriter(), message, use, isSent);
    }
    encoder.busy = true;
    try {
      return encode(encoder.writer, message, use, isSent);
    } finally {
      encoder.writer.reset(); // now, for what was sent is held until then
      encoder.busy = false;
    }
  }

  private static <T, X extends Exception> T encode(
      PayloadWriter writer, @Nullable Object message, Use<T, X> use, Predicate<T> isSent)
      throws X, InterruptedException {
    boolean sent = false;
    try {
      write(writer, message);
      T result = use.with(writer.view());
      sent = isSent.test(result);
      return result;
    } finally {
      Shipment shipment = writer.shipment();
      if (shipment != null && !sent) {
        shipment.over();
      }
    }
  }

  private static void write(PayloadWriter writer, @Nullable Object message) {
    try {
      ValueCodec.write(writer, message);
    } catch (UnencodableValueException | PayloadTooLargeException | StackOverflowError failed) {
      SerializationDiagnosis diagnosis = SerializationDiagnosis.of("the message", message, failed);
      throw new NotSerializableMessageException(
          diagnosis.message() + "; nothing was sent", diagnosis.path(), failed);
    }
  }

  /**
   * Decodes a message.
   *
   * @param kind {@link #OBJECT} or {@link #BYTES}
   * @throws UndecodableMessageException if it cannot be rebuilt here
   */
  public static @Nullable Object decode(int kind, ByteBuffer encoded) {
    return decode(kind, encoded, false);
  }

  /** As {@link #decode}, of a message that stays where it is: what counts as on its way in it still is after this. */
  static @Nullable Object decodeCopy(int kind, ByteBuffer encoded) {
    return decode(kind, encoded, true);
  }

  /** Tells whether the calling thread decodes a message that stays where it is. */
  static boolean isCopying() {
    return COPYING.get();
  }

  private static @Nullable Object decode(int kind, ByteBuffer encoded, boolean copy) {
    if (kind == BYTES) {
      return bytes(encoded);
    }
    boolean outer = COPYING.get();
    COPYING.set(copy);
    try {
      return ValueCodec.read(new PayloadReader(encoded), loader());
    } catch (PayloadFormatException | RuntimeException | LinkageError | StackOverflowError e) {
      throw new UndecodableMessageException(
          "a message of " + encoded.remaining()
              + " bytes was taken, but cannot be rebuilt in this process: " + e.getMessage(),
          e);
    } finally {
      COPYING.set(outer);
    }
  }

  /** Tells whether decoding a message runs nobody else's code, and finds no class. */
  static boolean isPlain(int kind, ByteBuffer encoded) {
    return kind == BYTES || ValueCodec.isPlain(encoded.get(encoded.position()));
  }

  static byte[] bytes(ByteBuffer encoded) {
    byte[] bytes = new byte[encoded.remaining()];
    encoded.get(encoded.position(), bytes);
    return bytes;
  }

  private static ClassLoader loader() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return context != null ? context : ClassLoader.getSystemClassLoader();
  }
}
