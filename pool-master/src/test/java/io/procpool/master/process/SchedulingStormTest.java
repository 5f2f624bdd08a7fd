// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.Pool;
import io.procpool.TaskOptions;
import io.procpool.WorkerGoneException;
import io.procpool.WorkerOutcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tasks with random priorities, submitters and keys, maps and broadcasts; some kill their worker, some are cancelled. Forbidden: a result without an outcome, a task that ran twice, one that ran and is
 * reported as never started, two tasks of a key at once or in the wrong order, a broadcast that runs twice in a worker, a pool that is not whole afterwards.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SchedulingStormTest {
  private static final int KEYS = 6;

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void submit_randomOptionsAndDeaths_invariantsHold() throws Exception {
    storm(600, Long.getLong("procpool.test.seed", System.nanoTime()));
  }

  @Test
  @Tag("stress")
  void submit_randomOptionsAndDeathsForLong_invariantsHold() throws Exception {
    for (int round = 0; round < 20; round++) {
      storm(5000, Long.getLong("procpool.test.seed", System.nanoTime()));
    }
  }

  private record Submitted(int number, String rank, AsyncResult<?> result) {}

  private void storm(int tasks, long seed) throws Exception {
    Random random = new Random(seed);
    Faults.Journal journal = Faults.Journal.in(directory);
    List<Submitted> all = new ArrayList<>();
    List<AsyncResult<List<WorkerOutcome<Long>>>> broadcasts = new ArrayList<>();
    int number = 0;
    long accepted = 0;
    try (Pool pool = Pool.open(
        Faults.options("scheduling").workers(3).prefetch(random.nextInt(5)).build())) {
      while (number < tasks) {
        TaskOptions options = TaskOptions.defaults();
        int priority = random.nextInt(3) == 0 ? random.nextInt(3) - 1 : 0;
        String key = random.nextInt(2) == 0 ? "key" + random.nextInt(KEYS) : null;
        options = priority == 0 ? options : options.priority(priority);
        options = key == null ? options : options.key(key);
        String submitter = random.nextInt(4) == 0 ? "submitter" + random.nextInt(3) : null;
        options = submitter == null ? options : options.submitter(submitter, 1 + random.nextInt(3));
        String rank = priority + "/" + submitter;
        Pool chosen = pool.with(options);
        if (key == null && random.nextInt(40) == 0) {
          int name = broadcasts.size();
          broadcasts.add(chosen.broadcastAsync(() -> {
            journal.add("broadcast " + name + " " + Faults.pid());
            return Faults.pid();
          }));
        } else if (random.nextInt(30) == 0) {
          List<Integer> items = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            items.add(number + i);
          }
          AsyncResult<?> map =
              chosen.mapAsync(n -> run(journal, n, key, false), items, 1 + random.nextInt(20));
          for (int i = 0; i < 20; i++) {
            all.add(new Submitted(number + i, rank, i == 0 ? map : null));
          }
          number += 20;
          accepted += 20;
        } else {
          int mine = number++;
          boolean deadly = random.nextInt(60) == 0;
          AsyncResult<?> result = chosen.submit(() -> run(journal, mine, key, deadly));
          all.add(new Submitted(mine, rank, result));
          accepted++;
          if (random.nextInt(12) == 0) {
            AsyncResult<?> cancelled = all.get(random.nextInt(all.size())).result();
            if (cancelled != null) {
              cancelled.cancel(false);
            }
          }
        }
      }
      Set<Integer> neverStarted = outcomes(all, seed);
      accepted += broadcastRuns(broadcasts, journal, seed);
      Faults.awaitFull(pool);
      long total = accepted;
      Faults.awaitLong("all accounted for").untilAsserted(() -> Faults.assertBalanced(pool, total));
      check(all, journal, neverStarted, seed);
    }
  }

  private static int run(Faults.Journal journal, int number, String key, boolean deadly) {
    journal.add("begin " + number + " " + Faults.pid() + " " + key);
    if (deadly) {
      Runtime.getRuntime().halt(1);
    }
    journal.add("end " + number + " " + Faults.pid() + " " + key);
    return number;
  }

  /** Returns the tasks that were reported as never started, or were cancelled before. */
  private static Set<Integer> outcomes(List<Submitted> all, long seed) throws Exception {
    Set<Integer> neverStarted = new HashSet<>();
    for (Submitted each : all) {
      if (each.result() != null) {
        try {
          each.result().get(LONG.toMillis(), TimeUnit.MILLISECONDS);
        } catch (CancellationException e) {
          // May have begun already: the cancellation does not interrupt.
        } catch (ExecutionException e) {
          assertThat(e.getCause()).as("seed %d", seed).isInstanceOf(InfrastructureException.class);
          if (((InfrastructureException) e.getCause()).certainty() == Certainty.NEVER_STARTED) {
            neverStarted.add(each.number());
          }
        } catch (java.util.concurrent.TimeoutException e) {
          throw new AssertionError("task " + each.number() + " has no outcome; seed " + seed, e);
        }
      }
    }
    return neverStarted;
  }

  private static long broadcastRuns(
      List<AsyncResult<List<WorkerOutcome<Long>>>> broadcasts, Faults.Journal journal, long seed)
      throws Exception {
    long runs = 0;
    for (int i = 0; i < broadcasts.size(); i++) {
      List<WorkerOutcome<Long>> outcomes = Faults.valueOf(broadcasts.get(i));
      runs += outcomes.size();
      String prefix = "broadcast " + i + " ";
      List<String> lines =
          journal.lines().stream().filter(line -> line.startsWith(prefix)).toList();
      assertThat(lines).as("seed %d", seed).doesNotHaveDuplicates();
      long succeeded = outcomes.stream().filter(WorkerOutcome::isSuccess).count();
      long gone = outcomes.stream()
          .filter(o -> o.error() instanceof WorkerGoneException)
          .count();
      assertThat((long) lines.size())
          .as("seed %d: %s", seed, outcomes)
          .isBetween(succeeded, outcomes.size() - gone);
    }
    return runs;
  }

  private static void check(
      List<Submitted> all, Faults.Journal journal, Set<Integer> neverStarted, long seed) {
    Map<String, String> runningOfKey = new HashMap<>(); // key to its task and process
    Map<String, Integer> lastOfKey =
        new HashMap<>(); // key, priority and submitter to the last task
    Set<Integer> begun = new HashSet<>();
    for (String line : journal.lines()) {
      String[] words = line.split(" ");
      if (words[0].equals("broadcast")) {
        continue;
      }
      int number = Integer.parseInt(words[1]);
      String key = words[3];
      if (words[0].equals("begin")) {
        assertThat(begun.add(number)).as("%s, seed %d", line, seed).isTrue();
        assertThat(neverStarted).as("%s, seed %d", line, seed).doesNotContain(number);
        if (!key.equals("null")) {
          String before = runningOfKey.put(key, number + " " + words[2]);
          if (before != null) { // it died in it
            assertThat(before.split(" ")[1])
                .as("%s while %s ran, seed %d", line, before, seed)
                .isNotEqualTo(words[2]);
          }
          Submitted task = all.get(number);
          assertThat(task.number()).isEqualTo(number);
          String order = key + "/" + task.rank();
          assertThat(lastOfKey.getOrDefault(order, -1))
              .as("%s, seed %d", line, seed)
              .isLessThan(number);
          lastOfKey.put(order, number);
        }
      } else if (!key.equals("null")) {
        assertThat(runningOfKey.remove(key))
            .as("%s, seed %d", line, seed)
            .isEqualTo(number + " " + words[2]);
      }
    }
  }
}
