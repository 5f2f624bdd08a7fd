// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * P08: one child writes A, B and C to a queue, at random intervals of up to a second; another one reads for ever. The parent waits for
 * the writer to end and for the reader to be through with what was written, and terminates the reader.
 *
 * <p>Safe for use by multiple threads.
 */
public final class WriterAndReader {
  private WriterAndReader() {}

  /**
   * What was seen.
   *
   * @param read what the reader has read
   * @param writerExitCode how the writer ended
   * @param readerSignal the number of the signal that ended the reader, 0 if none did
   * @param readerIsAlive whether the reader still runs
   */
  record Seen(List<String> read, int writerExitCode, int readerSignal, boolean readerIsAlive) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    long mostMillis = settings.millis(1);
    QueueOptions joinable = QueueOptions.builder().joinable(true).build();
    try (ProcessQueue<String> queue = ProcessQueue.open(joinable);
        ProcessQueue<String> report = ProcessQueue.unbounded()) {
      ChildProcess writer = ChildProcess.start(() -> write(queue, mostMillis));
      ChildProcess reader = ChildProcess.start(() -> read(queue, report));
      writer.join();
      queue.join();
      reader.terminate();
      reader.join();
      List<String> read = new ArrayList<>();
      report.drainTo(read);
      int signal = reader.signal().orElse(0);
      settings.out().println("read " + read + "; the reader was ended by signal " + signal);
      return new Seen(read, writer.exitCode().orElseThrow(), signal, reader.isAlive());
    }
  }

  private static void write(ProcessQueue<String> queue, long mostMillis)
      throws InterruptedException {
    for (String value : List.of("A", "B", "C")) {
      queue.put(value);
      Thread.sleep(ThreadLocalRandom.current().nextLong(mostMillis + 1));
    }
  }

  private static void read(ProcessQueue<String> queue, ProcessQueue<String> report)
      throws InterruptedException {
    while (true) {
      report.put(queue.take());
      queue.taskDone();
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
