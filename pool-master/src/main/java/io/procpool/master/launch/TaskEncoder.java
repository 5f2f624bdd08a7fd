// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.NotSerializableTaskException;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.SerializationDiagnosis;
import io.procpool.ipc.codec.Shipment;
import io.procpool.ipc.codec.UnencodableValueException;
import org.jspecify.annotations.Nullable;

/** Encodes tasks, and says why one cannot be. */
public final class TaskEncoder {
  private TaskEncoder() {}

  /**
   * Encodes a task with all that it captures.
   *
   * @throws NotSerializableTaskException if that cannot be
   */
  public static PayloadWriter encode(Object task) {
    PayloadWriter writer = new PayloadWriter();
    try {
      FunctionCodec.write(writer, task);
    } catch (UnencodableValueException | PayloadTooLargeException | StackOverflowError failed) {
      Shipment shipment = writer.shipment();
      if (shipment != null) {
        shipment.over();
      }
      throw refusal("the task", task, failed);
    }
    return writer;
  }

  /** Says what is wrong with a task or an argument. */
  public static NotSerializableTaskException refusal(
      String what, @Nullable Object value, Throwable failed) {
    SerializationDiagnosis diagnosis = SerializationDiagnosis.of(what, value, failed);
    return new NotSerializableTaskException(
        diagnosis.message() + "; the task was not accepted", diagnosis.path(), failed);
  }
}
