// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.InfrastructureException;
import io.procpool.ResultLostException;
import io.procpool.UndecodableTaskException;
import io.procpool.ipc.Outcomes;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.codec.ValueSkipper;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Outcomes as a worker encoded them; decoded by whoever asks for them. */
final class EncodedBlock extends ResultBlock {
  private final Work work;
  private final String worker;
  private final ByteBuffer outcomes;
  private final @Nullable Overrun overrun;
  private final @Nullable Fate fate; // of the last item

  EncodedBlock(Work work, String worker, int first, int count, ByteBuffer outcomes) {
    this(work, worker, first, count, outcomes, null, null);
  }

  /** Covers items of which the last, if it has thrown something, failed because it was over a limit. */
  EncodedBlock(
      Work work,
      String worker,
      int first,
      int count,
      ByteBuffer outcomes,
      @Nullable Overrun overrun,
      @Nullable Fate fate) {
    super(first, count);
    this.overrun = overrun;
    this.fate = fate;
    this.work = work;
    this.worker = worker;
    this.outcomes = outcomes;
  }

  @Override
  public long bytes() {
    return outcomes.remaining();
  }

  @Override
  public void decode(Visitor visitor) {
    PayloadReader reader = new PayloadReader(outcomes.duplicate());
    EncodedInputs inputs = (EncodedInputs) work.inputs();
    ClassLoader loader =
        OriginLoader.of(inputs.function().getClass().getClassLoader(), inputs.loaders());
    for (int item = first(); item < first() + count(); item++) {
      decodeItem(reader, loader, item, visitor);
    }
  }

  private void decodeItem(PayloadReader reader, ClassLoader loader, int item, Visitor visitor) {
    Object value = null;
    Throwable error = null;
    try {
      int kind = reader.getByte();
      switch (kind) {
        case Outcomes.VALUE -> value = decodeValue(reader, loader);
        case Outcomes.THROWN -> error = thrown(item, ThrowableCodec.read(reader, loader, null));
        case Outcomes.UNDECODABLE_TASK -> {
          Throwable cause = ThrowableCodec.read(reader, loader, null);
          error = new UndecodableTaskException(
              describe(item) + " never started: " + worker + " could not decode it: "
                  + cause.getMessage() + "; is its class on the class path of the workers?",
              work.taskId(item));
          error.initCause(cause);
        }
        case Outcomes.UNENCODABLE_RESULT ->
          error = new ResultLostException(
              describe(item) + " ended, but " + ValueCodec.read(reader, loader), work.taskId(item));
        default -> throw new PayloadFormatException("unknown kind of outcome " + kind);
      }
    } catch (Throwable failed) {
      error = lost(item, failed);
    }
    if (error != null) {
      visitor.error(item, error);
    } else {
      visitor.value(item, value);
    }
  }

  private Throwable thrown(int item, Throwable thrown) {
    return overrun != null && fate != null && item == first() + count() - 1
        ? LimitFailures.interrupted(overrun, work, item, thrown).exception(fate)
        : thrown;
  }

  private static @Nullable Object decodeValue(PayloadReader reader, ClassLoader loader)
      throws PayloadFormatException {
    int start = reader.position();
    try {
      return ValueCodec.read(reader, loader);
    } catch (Throwable failed) {
      reader.position(start);
      ValueSkipper.skip(reader);
      throw failed;
    }
  }

  private InfrastructureException lost(int item, Throwable cause) {
    ResultLostException lost = new ResultLostException(
        describe(item) + " ended, but its value cannot be decoded here: " + cause.getMessage(),
        work.taskId(item));
    lost.initCause(cause);
    return lost;
  }

  private String describe(int item) {
    return "task " + work.taskId(item) + " (" + work.name() + ")";
  }
}
