// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.NotSerializableTaskException;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.master.pool.Engine;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Encoded inputs, one behind the other, and where each of them ends. */
final class EncodedInputs implements Engine.Inputs {
  private static final int INITIAL_BYTES = 32;

  private final FunctionKind kind;
  private final Object function;
  private final EncodedFunction encodedFunction;
  private PayloadWriter writer;
  private int count;
  private int[] ends = new int[1];

  EncodedInputs(FunctionKind kind, Object function, EncodedFunction encodedFunction) {
    this(
        kind,
        function,
        encodedFunction,
        PayloadWriter.DEFAULT_LIMIT_BYTES - encodedFunction.bytes().length); // both go in one frame
  }

  EncodedInputs(
      FunctionKind kind, Object function, EncodedFunction encodedFunction, int limitBytes) {
    this.kind = kind;
    this.function = function;
    this.encodedFunction = encodedFunction;
    this.writer = new PayloadWriter(Math.min(INITIAL_BYTES, limitBytes), limitBytes);
  }

  @Override
  public void add(@Nullable Object a, @Nullable Object b, @Nullable Object c) {
    int arity = kind.arity();
    reserve(count + 1); // before anything is written, so that a failure leaves nothing behind
    try {
      if (arity == 1) {
        ValueCodec.write(writer, a);
      } else if (arity == 2) {
        ValueCodec.writeAll(writer, a, b);
      } else if (arity == 3) {
        ValueCodec.writeAll(writer, a, b, c);
      }
    } catch (UnencodableValueException | PayloadTooLargeException | StackOverflowError failed) {
      if (failed instanceof PayloadTooLargeException tooLarge && isFineAlone(tooLarge)) {
        throw tooLargeTogether(tooLarge);
      }
      Object culprit = arity == 1 ? a : new @Nullable Object[] {a, b, c};
      throw EncodedFunction.refusal("an argument", culprit, failed);
    }
    ends[count++] = writer.position();
  }

  private void reserve(int items) {
    if (items > ends.length) {
      ends = Arrays.copyOf(ends, Math.max(items, Math.max(16, count + (count >> 1))));
    }
  }

  /** Tells whether an argument, as far as it was written, would have had room in a list of its own. */
  private boolean isFineAlone(PayloadTooLargeException tooLarge) {
    return tooLarge.sizeBytes() - writer.position() <= writer.limitBytes();
  }

  private NotSerializableTaskException tooLargeTogether(PayloadTooLargeException tooLarge) {
    int limit = writer.limitBytes();
    return new NotSerializableTaskException(
        "the inputs together exceed the limit of "
            + limit + " bytes for one call: the first "
            + count + " take " + writer.position()
            + " bytes, and there is no room for the next one; pass them to imap or imapUnordered, which encode their"
            + " inputs in small parts, or make several calls; no task was accepted",
        "inputs[" + count + "]",
        tooLarge);
  }

  @Override
  public Engine.Inputs another() {
    return new EncodedInputs(kind, function, encodedFunction, writer.limitBytes());
  }

  @Override
  public void takeAll(Engine.Inputs other) {
    EncodedInputs taken = (EncodedInputs) other;
    if (count == 0) {
      exchange(taken);
    } else {
      int base = writer.position();
      reserve(count + taken.count);
      writer.putBytes(taken.writer.view());
      for (int i = 0; i < taken.count; i++) {
        ends[count++] = base + taken.ends[i];
      }
    }
    taken.writer.reset();
    taken.count = 0;
  }

  private void exchange(EncodedInputs other) {
    PayloadWriter ownWriter = writer;
    int[] ownEnds = ends;
    writer = other.writer;
    ends = other.ends;
    count = other.count;
    other.writer = ownWriter;
    other.ends = ownEnds;
  }

  @Override
  public int count() {
    return count;
  }

  @Override
  public long bytes() {
    return writer.position() + (encodedFunction.isShared() ? 0L : encodedFunction.bytes().length);
  }

  @Override
  public FunctionKind kind() {
    return kind;
  }

  @Override
  public Object function() {
    return function;
  }

  /** Calls a copy of the function with copies of the arguments, in the calling thread. */
  @Override
  public @Nullable Object call(int item) throws Exception {
    ClassLoader loader = function.getClass().getClassLoader();
    Object copy = FunctionCodec.read(new PayloadReader(encodedFunction.bytes()), loader, null);
    PayloadReader reader = new PayloadReader(slice(item, item + 1));
    int arity = kind.arity();
    if (arity <= 1) {
      return kind.call(copy, arity == 0 ? null : ValueCodec.read(reader, loader), null, null);
    }
    @Nullable Object[] all = ValueCodec.readAll(reader, loader, null);
    return kind.call(copy, all[0], all[1], arity > 2 ? all[2] : null);
  }

  EncodedFunction encodedFunction() {
    return encodedFunction;
  }

  /** Returns the encoded arguments of some consecutive items, without a copy. */
  ByteBuffer slice(int from, int to) {
    int start = start(from);
    return writer.view().position(start).limit(ends[to - 1]);
  }

  /** Returns how many bytes some consecutive items take. */
  int bytes(int from, int to) {
    return ends[to - 1] - start(from);
  }

  private int start(int item) {
    return item == 0 ? 0 : ends[item - 1];
  }
}
