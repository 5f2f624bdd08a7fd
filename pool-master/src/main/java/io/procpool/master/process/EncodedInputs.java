// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.NotSerializableTaskException;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.Shipment;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.master.launch.TaskEncoder;
import io.procpool.master.pool.Engine;
import io.procpool.master.process.TaskLoaders.Origin;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Encoded inputs, in parts. What is sent to a worker together is in one part. */
final class EncodedInputs implements Engine.Inputs {
  private static final int INITIAL_BYTES = 32;

  private final FunctionKind kind;
  private final Object function;
  private final EncodedFunction encodedFunction;
  private final Origin origin;
  private final List<ClassLoader> loaders; // the origin does not hold them
  private final int limitBytes;
  private @Nullable List<EncodedPart> earlier; // the parts before the last
  private long earlierBytes;
  private EncodedPart last;

  EncodedInputs(
      FunctionKind kind, Object function, EncodedFunction encodedFunction, Origin origin) {
    this(
        kind,
        function,
        encodedFunction,
        origin,
        PayloadWriter.DEFAULT_LIMIT_BYTES - encodedFunction.bytes().length); // both go in one frame
  }

  EncodedInputs(
      FunctionKind kind,
      Object function,
      EncodedFunction encodedFunction,
      Origin origin,
      int limitBytes) {
    this.origin = origin;
    this.loaders = origin.loaders();
    this.kind = kind;
    this.function = function;
    this.encodedFunction = encodedFunction;
    this.limitBytes = limitBytes;
    this.last = new EncodedPart(0, INITIAL_BYTES, limitBytes);
  }

  @Override
  public void add(@Nullable Object a, @Nullable Object b, @Nullable Object c) {
    int arity = kind.arity();
    if (last.isFull()) {
      addPart();
    }
    PayloadWriter writer = last.writer();
    int start = writer.position();
    boolean added = false;
    try {
      if (arity == 1) {
        ValueCodec.write(writer, a);
      } else if (arity == 2) {
        ValueCodec.writeAll(writer, a, b);
      } else if (arity == 3) {
        ValueCodec.writeAll(writer, a, b, c);
      }
      last.ended();
      added = true;
    } catch (UnencodableValueException | StackOverflowError failed) {
      throw refusal(failed, a, b, c);
    } catch (PayloadTooLargeException tooLarge) {
      long itemBytes = tooLarge.sizeBytes() - start; // as far as it was written
      if (itemBytes <= limitBytes) {
        throw tooLargeTogether(tooLarge);
      }
      throw refusal(new PayloadTooLargeException(itemBytes, limitBytes), a, b, c);
    } finally {
      if (!added) {
        writer.position(start);
      }
    }
  }

  private NotSerializableTaskException refusal(
      Throwable failed, @Nullable Object a, @Nullable Object b, @Nullable Object c) {
    Object culprit = kind.arity() == 1 ? a : new @Nullable Object[] {a, b, c};
    return TaskEncoder.refusal("an argument", culprit, failed);
  }

  private void addPart() {
    EncodedPart next = EncodedPart.following(last, (int) (limitBytes - encodedBytes()));
    if (earlier == null) {
      earlier = new ArrayList<>();
    }
    earlier.add(last);
    earlierBytes += last.bytes();
    last = next;
  }

  private NotSerializableTaskException tooLargeTogether(PayloadTooLargeException tooLarge) {
    return new NotSerializableTaskException(
        "the inputs together exceed the limit of "
            + limitBytes + " bytes for one call: the first "
            + count() + " take " + encodedBytes()
            + " bytes, and there is no room for the next one; pass them to imap or imapUnordered, which encode their"
            + " inputs in small parts, or make several calls; no task was accepted",
        "inputs[" + count() + "]",
        tooLarge);
  }

  @Override
  public Engine.Inputs another() {
    return new EncodedInputs(kind, function, encodedFunction, origin, limitBytes);
  }

  @Override
  public void takeAll(Engine.Inputs other) {
    EncodedInputs taken = (EncodedInputs) other;
    if (count() == 0) {
      earlier = taken.earlier;
      earlierBytes = taken.earlierBytes;
      last = taken.last;
    } else {
      if (taken.earlier != null) {
        taken.earlier.forEach(this::append);
      }
      append(taken.last);
    }
    taken.earlier = null;
    taken.earlierBytes = 0;
    taken.last = new EncodedPart(0, INITIAL_BYTES, limitBytes);
  }

  private void append(EncodedPart part) {
    if (last.isFullFor(part.bytes())) {
      addPart();
    }
    last.append(part);
  }

  @Override
  public int count() {
    return last.end();
  }

  private long encodedBytes() {
    return earlierBytes + last.bytes();
  }

  @Override
  public long bytes() {
    return encodedBytes() + (encodedFunction.isShared() ? 0L : encodedFunction.bytes().length);
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
    PayloadReader reader = new PayloadReader(part(item).slice(item, item + 1));
    int arity = kind.arity();
    if (arity <= 1) {
      return kind.call(copy, arity == 0 ? null : ValueCodec.read(reader, loader), null, null);
    }
    @Nullable Object[] all = ValueCodec.readAll(reader, loader, null);
    return kind.call(copy, all[0], all[1], arity > 2 ? all[2] : null);
  }

  Origin origin() {
    return origin;
  }

  /** Returns the loaders of the submission, in their order; none if they are those of every JVM. */
  List<ClassLoader> loaders() {
    return loaders;
  }

  EncodedFunction encodedFunction() {
    return encodedFunction;
  }

  /** Tells whether something in the inputs, or in a function that only they have, is on its way. */
  boolean isShipment() {
    boolean shipped = last.shipment() != null
        || !encodedFunction.isShared() && encodedFunction.shipment() != null;
    if (earlier != null) {
      for (EncodedPart part : earlier) {
        shipped |= part.shipment() != null;
      }
    }
    return shipped;
  }

  /** Says that no worker will decode anything of this any more. */
  void over() {
    over(last.shipment());
    if (earlier != null) {
      for (EncodedPart part : earlier) {
        over(part.shipment());
      }
    }
    if (!encodedFunction.isShared()) {
      over(encodedFunction.shipment());
    }
  }

  private static void over(@Nullable Shipment shipment) {
    if (shipment != null) {
      shipment.over();
    }
  }

  /** Returns the part that an item is in. */
  EncodedPart part(int item) {
    List<EncodedPart> parts = earlier;
    if (parts == null || item >= last.first()) {
      return last;
    }
    int low = 0;
    int high = parts.size() - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (item < parts.get(middle).end()) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return parts.get(low);
  }
}
