// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.LastWord;
import io.procpool.ipc.wire.FromWorker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells the master what this process is at, so that it can say why a task did not end: where the task is, how full the heap is, how the process ends. As a thread it is a shutdown hook. Safe for use by
 * multiple threads.
 */
final class Witness extends Thread {
  private static final int MAX_FRAMES = 200;
  private static final int MAX_CHARS = 32 * 1024;
  private static final Set<String> CALLERS =
      Set.of(UnitRunner.class.getName(), FunctionKind.class.getName());

  private final WorkerSegment segment;
  private final FrameWriter writer;
  private final Thread taskThread;
  private volatile int running = -1; // the unit that runs

  Witness(WorkerSegment segment, FrameWriter writer, Thread taskThread) {
    super(null, null, "procpool-witness", 128 * 1024);
    this.segment = segment;
    this.writer = writer;
    this.taskThread = taskThread;
  }

  /** Notes which unit runs; -1 for none. */
  void running(int seq) {
    running = seq;
  }

  /** Notes how full the heap is while a unit runs. */
  void noteHeap(int seq) {
    segment.heap(seq, HeapWatch.used());
  }

  /** Sends where the task is, if the item still runs. */
  void sendStack(int seq, int item) throws IOException {
    if (segment.begun(seq) != item + 1 || !segment.state(seq).isRunning()) {
      return;
    }
    StringBuilder text = new StringBuilder();
    int frames = 0;
    for (StackTraceElement frame : taskThread.getStackTrace()) {
      String type = frame.getClassName();
      if (CALLERS.contains(type) || frames == MAX_FRAMES || text.length() > MAX_CHARS) {
        break;
      }
      // Without the names of module and class loader, as in a printed trace.
      text.append(new StackTraceElement(
              type, frame.getMethodName(), frame.getFileName(), frame.getLineNumber()))
          .append('\n');
      frames++;
    }
    writer.write(
        new FromWorker.Stack(seq, item),
        ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8)));
  }

  /** The process exits: by {@code System.exit}, or a signal that lets it do so. */
  @Override
  public void run() {
    segment.lastWord(LastWord.EXITS);
    int seq = running;
    if (seq >= 0) {
      try {
        sendStack(seq, segment.begun(seq) - 1);
      } catch (IOException | OutOfMemoryError cannotBeSaid) {
        // The exit goes on.
      }
    }
  }

  /** An OutOfMemoryError ends this process. Needs no memory. */
  void outOfMemory(OutOfMemoryError error) {
    segment.lastWord(kind(error.getMessage()));
    int seq = running;
    if (seq >= 0) {
      noteHeap(seq);
    }
  }

  static LastWord kind(@Nullable String message) {
    if (message == null) {
      return LastWord.OTHER_MEMORY;
    }
    if (message.startsWith("Java heap space") || message.startsWith("GC overhead")) {
      return LastWord.HEAP;
    }
    if (message.startsWith("Metaspace") || message.startsWith("Compressed class space")) {
      return LastWord.METASPACE;
    }
    if (message.contains("direct buffer memory") || message.startsWith("Direct buffer memory")) {
      return LastWord.DIRECT_MEMORY;
    }
    return message.startsWith("unable to create native thread")
        ? LastWord.THREADS
        : LastWord.OTHER_MEMORY;
  }
}
