// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.ThreadText;
import io.procpool.ipc.wire.FromWorker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Tells the master what the threads of this process do. A thread of its own, because it loads many classes, and who reads messages must go on. */
final class ThreadDump extends Thread {
  private final FrameWriter writer;

  private ThreadDump(FrameWriter writer) {
    super(null, null, "procpool-thread-dump");
    this.writer = writer;
    setDaemon(true);
  }

  /** Answers, soon. */
  static void answer(FrameWriter writer) throws IOException {
    try {
      new ThreadDump(writer).start();
    } catch (OutOfMemoryError noThread) {
      write(
          writer,
          "no thread dump, because there can be no further thread: " + noThread.getMessage());
    }
  }

  @Override
  public void run() {
    String text;
    try {
      text = ThreadText.ofAll();
    } catch (Exception | LinkageError | OutOfMemoryError failed) {
      text = "no thread dump: " + failed;
    }
    try {
      write(writer, text);
    } catch (IOException masterGone) {
      // The watcher finds out, too.
    }
  }

  private static void write(FrameWriter writer, String text) throws IOException {
    writer.write(new FromWorker.Threads(), ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public void interrupt() {
    // Code of a task that interrupts every thread it finds must not close the channel.
  }
}
