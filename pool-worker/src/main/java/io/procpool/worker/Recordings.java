// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.ToWorker;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.management.JMException;
import javax.management.ObjectName;
import jdk.jfr.Configuration;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;

/** Begins and ends flight recordings, in the order in which the master wants it. Loaded when it first wants one. */
final class Recordings {
  // A thread of its own: the first recording loads and changes many classes, and who reads messages
  // must go on.
  private static final String BEAN = "com.sun.management:type=DiagnosticCommand";
  private static final long MAX_BYTES = 256L << 20;

  private final FrameWriter writer;
  private final Map<Long, Recording> running = new HashMap<>(); // in the thread
  private final ExecutorService thread = Executors.newSingleThreadExecutor(Recordings::thread);

  Recordings(FrameWriter writer) {
    this.writer = writer;
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(null, work, "procpool-recordings") {
      @Override
      public void interrupt() {
        // Code of a task that interrupts every thread it finds must not close the channel.
      }
    };
    thread.setDaemon(true);
    return thread;
  }

  /** Carries out an order, soon. */
  void accept(ToWorker.Record order) throws IOException {
    try {
      thread.execute(() -> {
        try {
          answer(order, outcomeOf(order));
        } catch (IOException masterGone) {
          // The watcher finds out, too.
        }
      });
    } catch (OutOfMemoryError noThread) {
      answer(order, "there can be no further thread: " + noThread.getMessage());
    }
  }

  private void answer(ToWorker.Record order, String failure) throws IOException {
    byte[] text = failure.getBytes(StandardCharsets.UTF_8);
    writer.write(new FromWorker.Recorded(order.number()), ByteBuffer.wrap(text));
  }

  private String outcomeOf(ToWorker.Record order) {
    try {
      if (!order.settings().isEmpty()) {
        start(order);
      } else {
        end(order);
      }
      return "";
    } catch (Exception | LinkageError | OutOfMemoryError failed) {
      return failed.toString();
    }
  }

  private void start(ToWorker.Record order) throws Exception {
    if (!FlightRecorder.isAvailable()) {
      throw new IllegalStateException("this JVM has no flight recorder");
    }
    Configuration configuration = Configuration.getConfiguration(order.settings());
    if (!FlightRecorder.isInitialized()) {
      WorkerExit.alsoRemove(order.place());
      keepDataIn(order.place());
    }
    Recording recording = new Recording(configuration);
    boolean started = false;
    try {
      recording.setMaxSize(MAX_BYTES);
      recording.start();
      started = true;
    } finally {
      if (!started) {
        recording.close();
      }
    }
    running.put(order.recording(), recording);
  }

  /** Otherwise the recorder keeps its data in the temp directory, where it stays if this process is killed. */
  private static void keepDataIn(String place) throws JMException {
    ManagementFactory.getPlatformMBeanServer()
        .invoke(
            new ObjectName(BEAN),
            "jfrConfigure",
            new Object[] {new String[] {"repositorypath=\"" + place + "\""}},
            new String[] {String[].class.getName()});
  }

  private void end(ToWorker.Record order) throws IOException {
    Recording recording = running.remove(order.recording());
    if (recording == null) {
      throw new IOException("it has no such recording");
    }
    try (recording) {
      if (!order.file().isEmpty()) {
        recording.stop();
        recording.dump(Path.of(order.file()));
      }
    }
  }
}
