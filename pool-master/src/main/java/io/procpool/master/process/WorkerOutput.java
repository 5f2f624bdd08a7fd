// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import io.procpool.PoolOptions.WorkerStream;
import io.procpool.master.launch.LineLogger;
import io.procpool.master.launch.LineTagger;
import io.procpool.master.launch.OutputFile;
import io.procpool.master.launch.OutputSink;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Where the output of a pool's workers goes. Safe for use by multiple threads; what it returns is for one. */
final class WorkerOutput implements Closeable {
  /*
   * Each stream has a thread that reads it, and what it writes to may block: the stream of this process, because nobody reads that, or the user's
   * appender. Then the pipe fills up and the worker waits in its write, where its limits of time end it; nobody else waits for either of them. A file that
   * does not take more blocks nobody: what it refuses is dropped.
   */
  private static final Logger STDOUT = LoggerFactory.getLogger("procpool.worker.stdout");
  private static final Logger STDERR = LoggerFactory.getLogger("procpool.worker.stderr");

  private final PoolOptions options;
  private final @Nullable OutputFile file;

  /**
   * Opens the file, if there is one.
   *
   * @throws IOException if that is not possible
   */
  WorkerOutput(PoolOptions options) throws IOException {
    this.options = options;
    Path path = options.workerOutputFile().orElse(null);
    this.file = path == null ? null : OutputFile.append(path);
  }

  OutputSink stdout(Worker worker, long pid) {
    return switch (options.workerStdout()) {
      case LOG -> new LineLogger(STDOUT, Level.INFO, context(worker, pid));
      case FILE -> file(worker, " out");
      default -> sink(options.workerStdout(), worker, System.out);
    };
  }

  OutputSink stderr(Worker worker, long pid) {
    return switch (options.workerStderr()) {
      case LOG -> new LineLogger(STDERR, Level.WARN, context(worker, pid));
      case FILE -> file(worker, " err");
      default -> sink(options.workerStderr(), worker, System.err);
    };
  }

  private OutputSink sink(WorkerStream stream, Worker worker, PrintStream same) {
    return switch (stream) {
      case INHERIT -> OutputSink.to(same);
      case STDERR -> OutputSink.to(System.err);
      case TAG -> new LineTagger(tag(worker), OutputSink.to(same));
      case TAG_STDERR -> new LineTagger(tag(worker), OutputSink.to(System.err));
      default -> OutputSink.NOWHERE;
    };
  }

  private OutputSink file(Worker worker, String stream) {
    return new LineTagger(tag(worker) + stream, Objects.requireNonNull(file));
  }

  private String tag(Worker worker) {
    return options.name() + "/" + worker.name;
  }

  private Map<String, String> context(Worker worker, long pid) {
    return Map.of(
        "procpool.pool", options.name(),
        "procpool.worker", worker.name,
        "procpool.pid", Long.toString(pid));
  }

  /** Closes the file; what comes later is dropped. */
  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
  }
}
