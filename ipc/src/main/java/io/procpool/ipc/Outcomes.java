// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import org.jspecify.annotations.Nullable;

/** How the outcome of one item is encoded: a kind, then the value, the failure or a text. */
public final class Outcomes {
  /** The task returned the value that follows. */
  public static final int VALUE = 0;

  /** The task threw what follows. */
  public static final int THROWN = 1;

  /** The task could not be decoded, because of the failure that follows. */
  public static final int UNDECODABLE_TASK = 2;

  /** The task's value could not be encoded, as the text that follows explains. */
  public static final int UNENCODABLE_RESULT = 3;

  private Outcomes() {}

  /** Writes a value. After an exception the writer is where it was. */
  public static void writeValue(PayloadWriter writer, @Nullable Object value)
      throws UnencodableValueException {
    int start = writer.position();
    try {
      writer.putByte(VALUE);
      ValueCodec.write(writer, value);
    } catch (Throwable failed) {
      writer.position(start);
      throw failed;
    }
  }

  /** Writes a failure of a kind: {@link #THROWN} or {@link #UNDECODABLE_TASK}. */
  public static void writeFailure(
      PayloadWriter writer, int kind, Throwable failure, String worker, long pid, long taskId) {
    int start = writer.position();
    try {
      writer.putByte(kind);
      ThrowableCodec.write(writer, failure, worker, pid, taskId);
    } catch (Throwable failed) {
      writer.position(start);
      throw failed;
    }
  }

  /** Writes that a value could not be encoded. */
  public static void writeUnencodable(PayloadWriter writer, String message)
      throws UnencodableValueException {
    int start = writer.position();
    try {
      writer.putByte(UNENCODABLE_RESULT);
      ValueCodec.write(writer, message);
    } catch (Throwable failed) {
      writer.position(start);
      throw failed;
    }
  }
}
