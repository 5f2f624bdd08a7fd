// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.NotSerializableTaskException;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.SerializationDiagnosis;
import io.procpool.ipc.codec.UnencodableValueException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A function as it travels. One that captures nothing is encoded once and each worker keeps it; any other is encoded anew for
 * each submission, because what it captures may have changed. Immutable.
 */
final class EncodedFunction {
  private static final AtomicLong NEXT_ID = new AtomicLong(1);

  private static final ClassValue<Holder> STATELESS = new ClassValue<>() {
    @Override
    protected Holder computeValue(Class<?> type) {
      return new Holder();
    }
  };

  private static final class Holder {
    volatile @Nullable EncodedFunction function;
  }

  private final long id;
  private final byte[] bytes;
  private final boolean permanent;

  private EncodedFunction(byte[] bytes, boolean permanent) {
    this.id = NEXT_ID.getAndIncrement();
    this.bytes = bytes;
    this.permanent = permanent;
  }

  /** Encodes a function, or finds its encoding. */
  static EncodedFunction of(Object function) {
    Holder holder = STATELESS.get(function.getClass());
    EncodedFunction known = holder.function;
    if (known != null) {
      return known;
    }
    EncodedFunction encoded =
        new EncodedFunction(encode(function), FunctionCodec.isStateless(function));
    if (encoded.permanent) {
      holder.function = encoded;
    }
    return encoded;
  }

  private static byte[] encode(Object function) {
    PayloadWriter writer = new PayloadWriter();
    try {
      FunctionCodec.write(writer, function);
    } catch (UnencodableValueException | PayloadTooLargeException | StackOverflowError failed) {
      throw refusal("the task", function, failed);
    }
    return writer.toByteArray();
  }

  static NotSerializableTaskException refusal(
      String what, @Nullable Object value, Throwable failed) {
    SerializationDiagnosis diagnosis = SerializationDiagnosis.of(what, value, failed);
    return new NotSerializableTaskException(
        diagnosis.message() + "; the task was not accepted", diagnosis.path(), failed);
  }

  long id() {
    return id;
  }

  byte[] bytes() {
    return bytes;
  }

  /** Tells whether workers keep it for good. */
  boolean isPermanent() {
    return permanent;
  }
}
