// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.WorkerRecording;
import io.procpool.ipc.SessionDirectory;
import io.procpool.ipc.wire.ToWorker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Flight recordings of a pool's workers. Safe for use by multiple threads. */
final class FlightRecordings {
  /*
   * Place.    The recorder of a worker keeps its data in files, which a worker that is killed leaves behind. They are in a directory of the pool's, made with the first
   *           recording, and removed at the pool's end or by the workers when the master is gone. It is in the temp directory, not with the session: that is in shared memory, and a JVM
   *           whose recorder finds no room there ends, as do those that share the memory.
   * Starting. Orders to a worker that has not connected yet go out when it has, in their order; its end, or that of its start timeout, ends the wait. A recording that is not wanted any
   *           more by then is not begun.
   * Answers.  Each order has a number. Its answer, or the end of the worker, completes a future of the worker's, in the event loop; who waits for it has a time.
   * Whole.    The worker writes to a file in that directory; only what is whole goes to where the caller wants it.
   */

  /** Passes orders to the event loop. */
  interface Post {
    /** Sends an order to a worker; the answer is what failed, or empty. */
    CompletableFuture<String> send(Worker worker, ToWorker.Record order);
  }

  private final Post post;
  private final AtomicLong numbers = new AtomicLong();
  private @Nullable SessionDirectory directory; // guarded by this
  private boolean closed; // guarded by this

  FlightRecordings(Post post) {
    this.post = post;
  }

  /** Sends an order, and notes that its answer is awaited. Event loop only. */
  static CompletableFuture<String> ask(Worker worker, ToWorker.Record order) {
    CompletableFuture<String> answer = new CompletableFuture<>();
    if (worker.state == Worker.State.EXITED) {
      answer.complete(end(worker));
    } else if (worker.link != null) {
      worker.recordings.put(order.number(), answer);
      worker.link.record(order);
      worker.link.flush();
    } else if (order.settings().isEmpty() && forget(worker, order.recording())) {
      answer.complete("it had not begun");
    } else {
      worker.recordings.put(order.number(), answer);
      worker.laterRecordings.add(order);
    }
    return answer;
  }

  /** Drops the order to begin a recording that has not been sent yet; false if there is none. */
  private static boolean forget(Worker worker, long recording) {
    for (ToWorker.Record order : worker.laterRecordings) {
      if (order.recording() == recording) {
        worker.laterRecordings.remove(order);
        worker.recordings.remove(order.number()); // who has wanted it waits no more
        return true;
      }
    }
    return false;
  }

  /** The worker has connected: it gets the orders that have waited for that. Event loop only. */
  static void connected(Worker worker) {
    worker.laterRecordings.forEach(worker.link()::record);
    worker.laterRecordings.clear();
    worker.connected.set(true);
  }

  /** Takes an answer. Event loop only. */
  static void answered(Worker worker, long number, ByteBuffer failure) {
    CompletableFuture<String> answer = worker.recordings.remove(number);
    if (answer != null) {
      answer.complete(Payloads.text(failure));
    }
  }

  /** The worker has ended. Event loop only. */
  static void gone(Worker worker) {
    String end = end(worker);
    worker.recordings.values().forEach(answer -> answer.complete(end));
    worker.recordings.clear();
    worker.laterRecordings.clear();
  }

  private static String end(Worker worker) {
    if (worker.problem != null) {
      return "its process has ended: " + worker.problem;
    }
    return worker.wasReady
        ? "its process has ended"
        : "its process has ended: it " + Autopsy.ending(worker) + " before it was ready";
  }

  /** Begins a recording; see {@link io.procpool.Pool#startRecording}. */
  WorkerRecording start(Worker worker, String settings, Duration timeout)
      throws IOException, TimeoutException, InterruptedException {
    String place = place(worker).toString();
    OfWorker recording = new OfWorker(worker, numbers.incrementAndGet());
    boolean started = false;
    try {
      recording.await(recording.order(settings, place, ""), "begin", timeout);
      started = true;
      return recording;
    } finally {
      if (!started) {
        recording.close(); // it may still begin
      }
    }
  }

  private synchronized Path place(Worker worker) throws IOException {
    if (closed) {
      throw new IOException(worker.name + " has ended with its pool");
    }
    if (directory == null) {
      directory = SessionDirectory.create(Path.of(System.getProperty("java.io.tmpdir")));
    }
    return directory.path();
  }

  /** Removes all files; the workers are gone. */
  synchronized void close() {
    closed = true;
    if (directory != null) {
      directory.close();
      directory = null;
    }
  }

  private final class OfWorker implements WorkerRecording {
    private final Worker worker;
    private final long recording;
    private @Nullable CompletableFuture<String> end; // guarded by this
    private @Nullable Path written; // guarded by this
    private boolean over; // guarded by this

    OfWorker(Worker worker, long recording) {
      this.worker = worker;
      this.recording = recording;
    }

    CompletableFuture<String> order(String settings, String place, String file) {
      long number = numbers.incrementAndGet();
      return post.send(worker, new ToWorker.Record(number, recording, settings, place, file));
    }

    @Override
    public String worker() {
      return worker.name;
    }

    @Override
    public void stop(Path file, Duration timeout)
        throws IOException, TimeoutException, InterruptedException {
      CompletableFuture<String> answer;
      synchronized (this) {
        if (over) {
          throw new IllegalStateException(
              "the recording of " + worker.name + " has been written or closed before");
        }
        if (end == null) {
          written = place(worker).resolve("recording-" + recording + ".jfr");
          end = order("", "", written.toString());
        }
        answer = end;
      }
      await(answer, "end", timeout);
      synchronized (this) {
        if (!over && written != null) {
          Files.move(written, file.toAbsolutePath(), StandardCopyOption.REPLACE_EXISTING);
          over = true;
        }
      }
    }

    private void await(CompletableFuture<String> answer, String what, Duration timeout)
        throws IOException, TimeoutException, InterruptedException {
      String failure;
      try {
        failure = answer.copy().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException silent) {
        TimeoutException late = new TimeoutException(worker.name + " did not " + what
            + " its recording within " + CrashMessages.seconds(timeout) + ": "
            + (worker.connected.get()
                ? ThreadDumps.state(worker.pid)
                : "it has not connected yet"));
        late.initCause(silent);
        throw late;
      } catch (ExecutionException impossible) {
        throw new IllegalStateException(impossible);
      }
      if (!failure.isEmpty()) {
        throw new IOException(worker.name + " (pid " + worker.pid + ") cannot " + what
            + " its recording: " + failure);
      }
    }

    @Override
    public synchronized void close() {
      if (!over) {
        over = true;
        if (end == null) {
          order("", "", "");
        } else if (written != null) {
          written.toFile().delete(); // if it is there already; else it goes with the pool
        }
      }
    }
  }
}
