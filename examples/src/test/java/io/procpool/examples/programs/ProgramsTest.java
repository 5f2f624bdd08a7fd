// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.LongForm;
import io.procpool.PoolOptions;
import io.procpool.RemoteTrace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each program shows what it must show, with the same code on threads and on processes. */
@Timeout(60)
class ProgramsTest extends ProgramTestBase {
  /** Both are timed and compared, and each of the tasks had a process of its own. */
  @Test
  void p09_threadsAgainstProcesses_bothTimed() throws Exception {
    int tasks = LongForm.choose(50, 15);
    ThreadsAgainstProcesses.Seen seen =
        ThreadsAgainstProcesses.run(settings(PoolOptions.PROCESSES), tasks);

    assertThat(seen.pids()).hasSize(tasks).doesNotContain(MASTER);
    assertThat(seen.sums()).as("every task computed the same").hasSize(1);
    assertThat(seen.threads()).isPositive();
    assertThat(seen.processes()).isPositive();
    assertThat(lines()).hasSize(3);
    assertThat(lines().get(2)).matches("ratio: +[0-9]+\\.[0-9]");
  }

  @Test
  void p10_whoRunsIt_threadsShareThePidAndProcessesDoNot() throws Exception {
    WhoRunsIt.Seen seen = WhoRunsIt.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.masterPid()).isEqualTo(MASTER);
    assertThat(seen.threadPids()).containsExactly(MASTER);
    assertThat(seen.processPids()).isNotEmpty().doesNotContain(MASTER);
  }

  @Test
  void n04_ownData_isSeenByNobodyElse() throws Exception {
    OwnData.Seen seen = OwnData.run(settings(PoolOptions.PROCESSES));

    for (Map<String, List<Integer>> data : List.of(seen.threads(), seen.processes())) {
      assertThat(data).hasSizeBetween(1, 3);
      assertThat(data.values().stream().flatMap(List::stream))
          .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 12).boxed().toList());
    }
    assertThat(seen.processes()).doesNotContainKey(Long.toString(MASTER));
    assertThat(lines()).hasSize(seen.threads().size() + seen.processes().size());
  }

  @OnEachBackend
  void y09_timer_firesOnceAfterTheDelayAndNeverIfCancelled(String backend) throws Exception {
    // Long enough that cancelling is not late on a busy machine.
    Timers.Seen seen = Timers.run(settings(backend).withSecond(Duration.ofMillis(500)));

    // The clocks that measure the delay and the instants may differ by their resolution.
    assertThat(seen.waited()).isGreaterThan(seen.delay().minusMillis(2));
    assertThat(seen.times()).isEqualTo(1);
    assertThat(seen.cancelled()).isTrue();
    assertThat(seen.timesCancelled()).isZero();
  }

  @OnEachBackend
  void f01_apply_runsStrictlyOneAfterTheOther(String backend) throws Exception {
    List<Span> spans = ApplyInTurn.run(settings(backend));

    assertThat(spans).hasSize(20);
    for (int i = 1; i < spans.size(); i++) {
      assertThat(spans.get(i).start()).isAfterOrEqualTo(spans.get(i - 1).end());
    }
  }

  /** Four at once at most; shutdown refuses more; waiting for the end before shutdown is waiting in vain. */
  @OnEachBackend
  void f02_submitThenWait_fourAtOnceAndRefusedAfterShutdown(String backend) throws Exception {
    SubmitThenWait.Seen seen = SubmitThenWait.run(settings(backend));

    assertThat(seen.spans()).hasSize(20);
    assertThat(Span.mostAtOnce(seen.spans())).isBetween(1, 4);
    assertThat(seen.endedBeforeShutdown()).isFalse();
    assertThat(seen.refusal()).isNotEqualTo("none");
    assertThat(seen.endedAfterShutdown()).isTrue();
  }

  @OnEachBackend
  void f03_collectResults_inOrderOfSubmission(String backend) throws Exception {
    List<String> expected = IntStream.range(0, 10).mapToObj(i -> "hello " + i).toList();

    assertThat(CollectResults.run(settings(backend))).isEqualTo(expected);
    assertThat(lines()).isEqualTo(expected);
  }

  @OnEachBackend
  void f04_callbacks_runInTheMasterOnceEach(String backend) throws Exception {
    Callbacks.Seen seen = Callbacks.run(settings(backend));

    assertThat(seen.calls())
        .isEqualTo(IntStream.range(0, 100)
            .boxed()
            .collect(Collectors.toMap(i -> i, i -> 1, (a, b) -> a, TreeMap::new)));
    assertThat(seen.callbackPids()).containsExactly(MASTER);
    if (backend.equals(PoolOptions.THREADS)) {
      assertThat(seen.workerPids()).containsExactly(MASTER);
    } else {
      assertThat(seen.workerPids()).hasSizeBetween(1, 5).doesNotContain(MASTER);
    }
  }

  @OnEachBackend
  void f05_defaultSize_isTheNumberOfCpus(String backend) throws Exception {
    assertThat(DefaultSize.run(settings(backend)))
        .isEqualTo(Runtime.getRuntime().availableProcessors());
  }

  /** In each worker the initializer ran once, before the worker's first task. */
  @OnEachBackend
  void f06_initializer_ranOnceInEachWorker(String backend) throws Exception {
    List<Initializers.Reply> replies = Initializers.run(settings(backend));

    assertThat(replies).hasSize(30).allSatisfy(reply -> {
      assertThat(reply.address()).isEqualTo("db.example:5432");
      assertThat(reply.opened()).isEqualTo(1);
    });
    assertThat(replies.stream()
            .map(reply -> reply.pid() + "/" + reply.thread())
            .distinct()
            .count())
        .isBetween(1L, 3L);
    assertThat(replies.stream().filter(reply -> reply.query() == 1).count())
        .as("workers that did something")
        .isEqualTo(replies.stream()
            .map(reply -> reply.pid() + "/" + reply.thread())
            .distinct()
            .count());
  }

  @OnEachBackend
  void f07_resultStates_asDocumented(String backend) throws Exception {
    ResultStates.Seen seen = ResultStates.run(settings(backend));

    assertThat(seen.doneBefore()).isFalse();
    assertThat(seen.successfulBefore()).isInstanceOf(IllegalStateException.class);
    assertThat(seen.getBefore()).isInstanceOf(TimeoutException.class);
    assertThat(seen.awaitedBefore()).isFalse();
    assertThat(seen.awaitedAfter()).isTrue();
    assertThat(seen.doneAfter()).isTrue();
    assertThat(seen.successfulAfter()).isTrue();
    assertThat(seen.value()).isEqualTo(42);
    assertThat(seen.failedSuccessful()).isFalse();
    assertThat(seen.failure())
        .isInstanceOf(NumberFormatException.class)
        .hasMessageContaining("forty-two");
    if (backend.equals(PoolOptions.PROCESSES)) {
      assertThat(seen.failure()).hasRootCauseInstanceOf(RemoteTrace.class);
    }
  }

  @OnEachBackend
  void f08_terminate_returnsPromptlyAndLeavesNoWorker(String backend) throws Exception {
    Terminate.Seen seen = Terminate.run(settings(backend));

    assertThat(seen.took()).isLessThan(Duration.ofSeconds(5));
    assertThat(seen.failures()).hasSize(8).noneMatch(AssertionError.class::isInstance);
    if (backend.equals(PoolOptions.PROCESSES)) {
      assertThat(seen.workerPids()).hasSize(4).doesNotContain(MASTER);
      assertThat(seen.workerPids())
          .noneMatch(pid -> ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
    }
  }

  @OnEachBackend
  void f09_oneInterface_sameOnBoth(String backend) throws Exception {
    OneInterface.Seen seen = OneInterface.run(settings(backend));

    assertThat(seen.taskPid() == MASTER).isEqualTo(backend.equals(PoolOptions.THREADS));
    assertThat(seen.callbackPids()).containsExactly(MASTER);
    assertThat(seen.squares())
        .isEqualTo(IntStream.range(0, 20).map(i -> i * i).boxed().toList());
    assertThat(seen.timedOut()).isTrue();
    assertThat(seen.endedAtShutdown()).isFalse();
    assertThat(seen.lateValue()).isEqualTo(49);
    assertThat(seen.endedAtClose()).isTrue();
    assertThat(lines().get(0))
        .isEqualTo("the task ran in " + seen.taskPid() + ", its callback in " + MASTER);
  }

  /** The master prints first and last, the tasks in between; run as users run it, in a JVM of its own. */
  @OnEachBackend
  void f10_fiveTasks_printBetweenStartAndAllDone(String backend) throws Exception {
    List<String> lines =
        launch(0, "F10", "--backend", backend, "--second", "20").out();

    assertThat(lines).hasSize(7).startsWith("start").endsWith("all done");
    assertThat(lines.subList(1, 6))
        .allMatch(line -> line.matches("task in process [0-9]+ took [0-9]+ ms"));
    assertThat(lines.subList(1, 6).stream()
            .map(line -> line.split(" ")[3])
            .distinct()
            .count())
        .isBetween(1L, backend.equals(PoolOptions.THREADS) ? 1L : 3L);
  }

  /** Both clients are answered in turn while both are connected. */
  @OnEachBackend
  void n01_upperCaseServer_servesTwoClientsAtOnce(String backend) throws Exception {
    UpperCaseServer.Seen seen = UpperCaseServer.run(settings(backend));

    assertThat(seen.byThreads())
        .containsExactly(
            "HELLO FROM THE FIRST",
            "HELLO FROM THE SECOND",
            "HOW ARE YOU FROM THE FIRST",
            "HOW ARE YOU FROM THE SECOND",
            "BYE FROM THE FIRST",
            "BYE FROM THE SECOND");
    assertThat(seen.byPool()).isEqualTo(seen.byThreads());
    assertThat(seen.threadPids()).containsExactly(MASTER);
    if (backend.equals(PoolOptions.THREADS)) {
      assertThat(seen.poolPids()).containsExactly(MASTER);
    } else {
      assertThat(seen.poolPids()).isNotEmpty().doesNotContain(MASTER);
    }
    assertThat(lines()).hasSize(12).contains("pool: HELLO FROM THE SECOND");
  }

  @Test
  void main_noArguments_listsThePrograms() throws Exception {
    assertThat(launch(0).out())
        .hasSize(47)
        .allMatch(line -> line.matches("[PQSYFN][0-9][0-9]  .*|usage: .*"));
  }

  @Test
  void main_unknownProgram_saysWhatThereIs() throws Exception {
    assertThat(launch(2, "F99").err())
        .singleElement()
        .asString()
        .startsWith("\"F99\" (expected one of [P01, P02, P03, ");
  }

  /** A program that goes on while its tasks run would wait for ever where they run in its own thread. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "S01", "S05", "S06", "S07", "Y01", "Y02", "Y04", "Y05", "Y06", "Y07", "Y08", "Y10", "F07",
        "F08", "F09"
      })
  void main_inlineWhereItCannotBe_isRefused(String id) throws Exception {
    assertThat(launch(2, id, "--backend", "inline").err())
        .singleElement()
        .asString()
        .startsWith("--backend: \"inline\" (expected: processes or threads; ");
  }

  @Test
  void settings_badOptions_refusedByName() {
    assertThatThrownBy(() -> Programs.settings(List.of("--second")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("--second has no value");
    assertThatThrownBy(() -> Programs.settings(List.of("--second", "0")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("--second: \"0\" (expected: milliseconds, 1 or more)");
    assertThatThrownBy(() -> Programs.settings(List.of("--backend", "fibers")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("backend: \"fibers\" (expected one of [inline, ");
    assertThatThrownBy(() -> Programs.settings(List.of("--workers", "3")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("\"--workers\" (usage: Programs");
  }
}
