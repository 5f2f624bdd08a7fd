// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.wire.FromWorker;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Runs what a worker does after its last task, and tells the master how that ended. In the task thread. */
final class Finalizer {
  private final TaskThread thread;
  private final WorkerIdentity identity;
  private final FrameWriter writer;

  Finalizer(TaskThread thread, WorkerIdentity identity, FrameWriter writer) {
    this.thread = thread;
    this.identity = identity;
    this.writer = writer;
  }

  /** Runs an encoded finalizer, if there is one. The master ends this process if it takes too long. */
  void run(byte[] encoded, ClassLoader loader) throws IOException {
    if (encoded.length == 0) {
      return;
    }
    ByteBuffer outcome = ByteBuffer.allocate(0);
    thread.setContextClassLoader(loader);
    try {
      Runnable finalizer = (Runnable) FunctionCodec.read(new PayloadReader(encoded), loader, null);
      thread.expectUserCode();
      thread.resumeUserCode();
      try {
        finalizer.run();
      } finally {
        thread.endUserCode();
      }
    } catch (Throwable failed) {
      PayloadWriter failure = new PayloadWriter();
      ThrowableCodec.write(failure, failed, identity.name(), identity.pid(), 0);
      outcome = failure.view();
    }
    writer.write(new FromWorker.Finalized(), outcome);
  }
}
