// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procpool.InfrastructureException.Certainty;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** What a task knows of itself and says of its progress; and how long it may wait. */
public abstract class TaskContextContract extends PoolContract {
  private static String describe(int input) {
    TaskContext context = TaskContext.current();
    return input + " " + context.taskId() + " " + context.name() + " " + context.attempt() + " "
        + context.worker() + " " + context.pool() + " " + context.deadline().isPresent() + " "
        + context.isCancelled();
  }

  @PoolTest(workers = 2)
  void current_inTask_tellsWhatRuns(Pool pool, PoolContext context) throws Exception {
    AsyncResult<String> result = pool.with(TaskOptions.defaults().name("render"))
        .applyAsync(TaskContextContract::describe, 5);
    String[] words = valueOf(result).split(" ");
    assertThat(words).hasSize(8);
    assertThat(words[1]).isEqualTo(Long.toString(result.taskId()));
    assertThat(words[2]).isEqualTo("render");
    assertThat(words[3]).isEqualTo("1");
    assertThat(words[4]).matches(context.isInline() ? "inline" : "worker-\\d+");
    assertThat(words[5]).isEqualTo(pool.options().name());
    assertThat(words[6]).isEqualTo("false");
    assertThat(words[7]).isEqualTo("false");
  }

  /** Each input of a map is a task of its own. */
  @PoolTest(workers = 1)
  void current_inMap_isThatOfTheInput(Pool pool) throws Exception {
    AsyncResult<List<String>> map = pool.mapAsync(TaskContextContract::describe, range(0, 50), 10);
    List<String> described = valueOf(map);
    for (int i = 0; i < described.size(); i++) {
      assertThat(described.get(i))
          .startsWith(i + " " + (map.taskId() + i) + " TaskContextContract lambda");
    }
  }

  @PoolTest(workers = 1)
  void current_outsideOfTask_throws(Pool pool) throws Exception {
    assertThat(TaskContext.isInTask()).isFalse();
    assertThatThrownBy(TaskContext::current)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(Thread.currentThread().getName())
        .hasMessageContaining("isInTask()");
    assertThat(pool.apply(TaskContext::isInTask)).isTrue();
    assertThat(TaskContext.isInTask()).as("after a task").isFalse();
    assertThat(pool.apply(() -> {
          AtomicReference<Boolean> inTask = new AtomicReference<>();
          Thread other = new Thread(() -> inTask.set(TaskContext.isInTask()));
          other.start();
          other.join();
          return inTask.get();
        }))
        .as("in a thread of the task")
        .isFalse();
  }

  @PoolTest(workers = 1)
  void progress_notFromZeroToOne_isRefused(Pool pool) throws Exception {
    for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThatThrownBy(() -> pool.apply(
              fraction -> {
                TaskContext.current().progress(fraction);
                return 1;
              },
              wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("fraction: " + wrong + " (expected: 0 to 1)");
    }
  }

  /** What the task says is seen while it runs; it is not taken for what the next one says. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void progress_isSeenWhileTheTaskRuns(Pool pool, PoolContext context) throws Exception {
    String longMessage = "\u00e4".repeat(500);
    for (String message : List.of("page 3 of 6", "", longMessage)) {
      Gate gate = context.gate();
      AsyncResult<Integer> quiet = pool.submit(() -> {
        gate.pass();
        return 1;
      });
      gate.awaitEntered(1);
      assertThat(quiet.progress()).as("of a task that has said nothing").isEmpty();
      gate.open();
      valueOf(quiet);
      Gate second = context.gate();
      AsyncResult<Integer> speaking = pool.applyAsync(
          text -> {
            TaskContext.current().progress(0.25, text);
            TaskContext.current().progress(0.5, text);
            second.pass();
            return 2;
          },
          message);
      second.awaitEntered(1);
      String kept = message.equals(longMessage) ? longMessage.substring(0, 128) : message;
      assertThat(speaking.progress()).isEqualTo(Optional.of(new TaskProgress(0.5, kept)));
      second.open();
      valueOf(speaking);
      assertThat(speaking.progress()).as("of a task that has ended").isEmpty();
    }
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void progress_ofMap_countsInputs(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<List<Integer>> map = pool.mapAsync(
        n -> {
          if (n == 3) {
            gate.pass();
          }
          return n;
        },
        range(0, 4),
        1);
    await().atMost(Times.LONG).until(() -> map.progress().orElseThrow().fraction() == 0.75);
    assertThat(map.progress()).isEqualTo(Optional.of(new TaskProgress(0.75, "3 of 4")));
    gate.open();
    valueOf(map);
  }

  /** A task that takes the interrupt for something else can still see that it is to end. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void isCancelled_afterInterrupt_staysTrue(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<?> result = pool.submit(() -> {
      TaskContext task = TaskContext.current();
      try {
        gate.pass();
      } catch (InterruptedException e) {
        journal.add(Thread.currentThread().isInterrupted() + " " + task.isCancelled());
      }
      return 1;
    });
    gate.awaitEntered(1);
    result.cancel(true);
    await().atMost(Times.LONG).until(() -> journal.lines().equals(List.of("false true")));
    assertThat(pool.apply(() -> TaskContext.current().isCancelled())).isFalse();
  }

  /** What has not begun in time never runs, whether it waits in the pool or in a worker; what has begun is left alone. */
  @PoolTest(fresh = true, workers = 1, except = PoolOptions.INLINE, because = "nothing waits there")
  void queueTimeout_notBegunInTime_neverRuns(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    Duration patience = Times.SHORT.multipliedBy(4);
    Pool impatient = pool.with(TaskOptions.defaults().queueTimeout(patience));
    assertThat(pool.apply(() -> 0)).as("from a worker that has started").isZero();
    AsyncResult<Integer> running = impatient.submit(() -> {
      gate.pass();
      return 1;
    });
    gate.awaitEntered(1);
    List<AsyncResult<?>> waiting = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      waiting.add(impatient.submit(() -> journal.add("ran")));
    }
    AsyncResult<List<Integer>> map = impatient.mapAsync(
        n -> {
          journal.add("mapped");
          return n;
        },
        range(0, 20));
    AsyncResult<Integer> patient = pool.submit(() -> 2);
    for (AsyncResult<?> result : waiting) {
      assertThat(failureOf(result)).isInstanceOfSatisfying(QueueTimeoutException.class, late -> {
        assertThat(late.certainty()).isEqualTo(Certainty.NEVER_STARTED);
        assertThat(late.queueTimeout()).isEqualTo(patience);
        assertThat(late.waited()).isBetween(patience, Times.LONG);
        assertThat(late.taskId()).isEqualTo(result.taskId());
        assertThat(late.poolUsable()).isTrue();
        assertThat(late)
            .hasMessageContaining("never started")
            .hasMessageContaining("1 of 1 workers busy");
      });
    }
    assertThat(failureOf(map)).isInstanceOf(QueueTimeoutException.class);
    assertThat(patient.isDone()).isFalse();
    gate.open();
    assertThat(valueOf(running)).isEqualTo(1);
    assertThat(valueOf(patient)).isEqualTo(2);
    assertThat(journal.lines()).isEmpty();
    assertThat(pool.statistics().lostTasks()).isEqualTo(30);
    assertThat(impatient.apply(() -> 3)).isEqualTo(3);
  }

  /** The time of a scheduled task begins when it is due. */
  @PoolTest(workers = 1)
  void queueTimeout_scheduledTask_countsFromItsTime(Pool pool) throws Exception {
    Duration patience = Times.SHORT.multipliedBy(3);
    Pool impatient = pool.with(TaskOptions.defaults().queueTimeout(patience));
    assertThat(pool.apply(() -> 0)).as("from a worker that has started").isZero();
    Duration delay = patience.plus(Times.SHORT);
    assertThat(valueOf(impatient.schedule(() -> 1, delay))).isEqualTo(1);
  }

  @PoolTest(workers = 1, except = PoolOptions.PROCESSES, because = "it honours them")
  void limits_thatNeedProcesses_areRefused(Pool pool, PoolContext context) {
    List<TaskOptions> limits = List.of(
        TaskOptions.defaults().timeoutGrace(Duration.ofSeconds(1)),
        TaskOptions.defaults().stallTimeout(Duration.ofSeconds(1)),
        TaskOptions.defaults().maxRssBytes(1L << 30),
        TaskOptions.defaults().maxHeapBytes(1L << 30),
        TaskOptions.defaults().retries(RetryPolicy.of(1)));
    List<String> names =
        List.of("timeoutGrace", "stallTimeout", "maxRssBytes", "maxHeapBytes", "retries");
    for (int i = 0; i < limits.size(); i++) {
      TaskOptions limit = limits.get(i);
      assertThatThrownBy(() -> pool.with(limit).submit(() -> 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(names.get(i))
          .hasMessageContaining("\"processes\"");
      assertThatThrownBy(() -> context.open(context.options().taskDefaults(limit)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(names.get(i) + " of taskDefaults");
    }
  }
}
