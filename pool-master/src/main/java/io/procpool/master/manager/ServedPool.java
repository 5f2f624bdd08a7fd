// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.Task;
import io.procpool.TaskFunction;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A pool of processes, and the results that clients have not fetched. For the event loop alone, but for what says otherwise. */
final class ServedPool implements Served {
  /*
   * Submitting decodes the task, which is done by another thread; the reply is a number. Waiting for a result is a call without a reply, as anywhere; what the pool says
   *            when it is done is encoded by the pool's thread, and kept until the client says that it has it, or has gone.
   */
  static final String KIND = "pool";
  private static final Cleaner CLEANER = Cleaner.create();

  private final ClassLoader loader;
  private final Map<Long, Result> results = new HashMap<>();
  private long last;
  private final Workers pool;

  /** The pool itself, which ends when nobody has a handle of it any more. Safe for use by multiple threads. */
  private static final class Workers implements Runnable {
    private final int number;
    private @Nullable Pool started; // guarded by this
    private boolean ended; // guarded by this

    Workers(int number) {
      this.number = number;
    }

    synchronized Pool get() {
      if (ended) {
        throw new RejectedExecutionException("the pool's server has ended");
      }
      Pool there = started;
      if (there == null) {
        there = Pool.ofWorkers(number);
        started = there;
      }
      return there;
    }

    /** Ends it. */
    @Override
    public void run() {
      Pool there;
      synchronized (this) {
        ended = true;
        there = started;
      }
      if (there != null) {
        there.terminate();
      }
    }
  }

  /** A task that was submitted, and who waits for it. */
  private static final class Result {
    final AsyncResult<?> task;
    final ArrayDeque<ClientCall> waiters = new ArrayDeque<>();

    @Nullable
    QueueElement value; // as a list of true and the value

    byte @Nullable [] failure;

    @Nullable
    Client client; // who has submitted it

    @Nullable
    Runnable whenGone;

    Result(AsyncResult<?> task) {
      this.task = task;
    }

    boolean isDone() {
      return value != null || failure != null;
    }

    void reply(ClientCall call) {
      QueueElement encoded = value;
      call.reply(
          encoded != null
              ? Replies.encoded(call.number(), encoded.bytes(), encoded.objects())
              : Replies.threw(call.number(), Objects.requireNonNull(failure)));
    }
  }

  /** What is done by another thread. */
  private interface Work {
    AsyncResult<?> submit() throws PayloadFormatException;
  }

  /** Makes one as a client wants it, who says how many workers. */
  static ServedPool open(PayloadReader arguments, ClassLoader loader)
      throws PayloadFormatException {
    int workers = Plain.readInt(arguments);
    if (workers < 1 || workers > PoolOptions.MAX_WORKERS) {
      throw new IllegalArgumentException(
          "workers: " + workers + " (expected: 1 to " + PoolOptions.MAX_WORKERS + ")");
    }
    return new ServedPool(workers, loader);
  }

  private ServedPool(int workers, ClassLoader loader) {
    this.pool = new Workers(workers);
    this.loader = loader;
    CLEANER.register(this, pool);
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    switch (call.signature()) {
      case ManagerWire.MADE -> objects.others().execute(() -> start(call, loop));
      case "start(Task)", "start(TaskFunction,List)" ->
        objects.others().execute(() -> submit(call, () -> submit(arguments), objects, loop));
      case "result(long,long)" -> await(call, arguments, loop);
      case "isDone(long)" -> {
        Result result = results.get(Plain.readLong(arguments));
        plain(call, result == null || result.isDone());
      }
      case "isCancelled(long)" -> {
        Result result = results.get(Plain.readLong(arguments));
        plain(call, result != null && result.task.isCancelled());
      }
      case "cancel(long,boolean)" -> {
        Result result = results.get(Plain.readLong(arguments));
        boolean interrupts = Plain.readBoolean(arguments);
        if (result == null) {
          plain(call, false);
        } else {
          objects.others().execute(() -> {
            boolean cancelled = result.task.cancel(interrupts);
            inLoop(loop, () -> plain(call, cancelled));
          });
        }
      }
      case "forget(long)" -> {
        forget(results.remove(Plain.readLong(arguments)));
        plain(call, null);
      }
      case "close()" ->
        objects.others().execute(() -> {
          pool.get().shutdown();
          inLoop(loop, () -> plain(call, null));
        });
      default ->
        call.reply(Replies.refused(
            call.number(), "a pool has no operation " + call.signature() + " on this server"));
    }
  }

  private static void plain(ClientCall call, @Nullable Object value) {
    call.reply(Replies.plain(call.number(), value));
  }

  private static void inLoop(EventExecutor loop, Runnable action) {
    try {
      loop.execute(action);
    } catch (RejectedExecutionException serverHasEnded) {
      // And so have its clients' connections.
    }
  }

  // By another thread.

  private void start(ClientCall call, EventExecutor loop) {
    Answer reply;
    try {
      pool.get();
      reply = Replies.plain(call.number(), null);
    } catch (RuntimeException | Error e) {
      reply = Replies.thrown(call.number(), e);
    }
    Answer ready = reply;
    inLoop(loop, () -> call.reply(ready));
  }

  @SuppressWarnings("unchecked")
  private AsyncResult<?> submit(PayloadReader arguments) throws PayloadFormatException {
    Object task = ValueCodec.read(arguments, loader);
    if (arguments.remaining() == 0) {
      return pool.get().submit((Task<Object>) Objects.requireNonNull(task, "task"));
    }
    List<Object> inputs =
        (List<Object>) Objects.requireNonNull(ValueCodec.read(arguments, loader), "inputs");
    return pool.get()
        .mapAsync((TaskFunction<Object, Object>) Objects.requireNonNull(task, "function"), inputs);
  }

  private void submit(ClientCall call, Work work, ObjectTable objects, EventExecutor loop) {
    AsyncResult<?> task;
    try {
      task = work.submit();
    } catch (PayloadFormatException e) {
      Answer reply = Replies.refused(
          call.number(), "the task cannot be rebuilt on the server: " + e.getMessage());
      inLoop(loop, () -> call.reply(reply));
      return;
    } catch (RuntimeException | Error e) {
      Answer reply = Replies.thrown(call.number(), e);
      inLoop(loop, () -> call.reply(reply));
      return;
    }
    Result result = new Result(task);
    inLoop(loop, () -> submitted(call, result));
    task.whenComplete((value, failure) -> {
      QueueElement encoded = failure == null
          ? Replies.value(new ArrayList<>(Arrays.asList(true, value)), objects)
          : null;
      byte[] failed = encoded != null
          ? null
          : Replies.thrownBody(
              failure == null
                  ? new IllegalStateException("what the task has returned cannot be sent")
                  : failure instanceof CompletionException wrapped && wrapped.getCause() != null
                      ? wrapped.getCause()
                      : failure);
      inLoop(loop, () -> done(result, encoded, failed));
    });
  }

  // In the event loop.

  private void submitted(ClientCall call, Result result) {
    if (call.client().isGone()) {
      result.task.cancel(false);
      return;
    }
    long number = ++last;
    results.put(number, result);
    Map<Long, Result> all =
        results; // and not this, which would keep the pool as long as its client
    result.client = call.client();
    result.whenGone = () -> {
      all.remove(number);
      if (!result.isDone()) {
        result.task.cancel(false);
      }
    };
    call.client().whenGone(result.whenGone);
    plain(call, number);
  }

  private static void forget(@Nullable Result result) {
    if (result != null && result.client != null && result.whenGone != null) {
      result.client.forget(result.whenGone);
    }
  }

  private static void done(Result result, @Nullable QueueElement value, byte @Nullable [] failure) {
    result.value = value;
    result.failure = failure;
    for (ClientCall each = result.waiters.poll(); each != null; each = result.waiters.poll()) {
      result.reply(each);
    }
  }

  private void await(ClientCall call, PayloadReader arguments, EventExecutor loop)
      throws PayloadFormatException {
    long number = Plain.readLong(arguments);
    long nanos = Plain.readNanos(arguments);
    Result result = results.get(number);
    if (result == null) {
      call.reply(Replies.refused(call.number(), "there is no result " + number + " any more"));
      return;
    }
    if (result.isDone()) {
      result.reply(call);
      return;
    }
    result.waiters.add(call);
    Future<?> alarm = nanos == WaitingLine.FOREVER
        ? null
        : loop.schedule(
            () -> {
              if (result.waiters.remove(call)) {
                plain(call, new ArrayList<>(Arrays.asList(false, null)));
              }
            },
            nanos,
            TimeUnit.NANOSECONDS);
    call.setWithdrawal(() -> {
      result.waiters.remove(call);
      if (alarm != null) {
        alarm.cancel(false);
      }
    });
  }

  @Override
  public void end() {
    pool.run();
  }
}
