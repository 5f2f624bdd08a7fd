// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/** A flight recording of one worker that {@link Pool#startRecording} has begun. Safe for use by multiple threads. */
public interface WorkerRecording extends AutoCloseable {
  /** Returns the name of the worker. */
  String worker();

  /**
   * Ends the recording, and writes it to a file. Blocks until the worker has done it. Tasks go on meanwhile. After a {@link TimeoutException} or an interrupt, or when the file could not be written, this can be called
   * again, also with another file: what the worker has done by then is not lost.
   *
   * @param file where it goes, in a directory that exists; what was there is replaced, and stays if this fails
   * @param timeout how long to wait for the worker; zero does not wait
   * @throws IOException if the worker has ended, which is the end of its recording, or cannot do it, or the file cannot be written; the message names the worker
   * @throws TimeoutException if the worker has not answered in time; the message says what its process does
   * @throws InterruptedException if the calling thread is interrupted while it waits
   * @throws IllegalStateException if the recording has been written or closed before
   */
  void stop(Path file, Duration timeout) throws IOException, TimeoutException, InterruptedException;

  /** Ends the recording and drops what it has, unless it has been written. Does not wait for the worker. Closing twice has no effect. */
  @Override
  void close();
}
