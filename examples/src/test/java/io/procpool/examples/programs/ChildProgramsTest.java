// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ChildProcess;
import io.procpool.PoolOptions;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The programs about children. */
@Timeout(120)
class ChildProgramsTest extends ProgramTestBase {
  @AfterEach
  void noChildLeft() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
  }

  /** Run as users run it, because the child prints to the standard output of its JVM. */
  @Test
  void p01_helloChild_lineBeforeJoinReturns() throws Exception {
    assertThat(launch(0, "P01").out()).containsExactly("hello bob", "exit code 0");
  }

  @Test
  void p02_parentAndChild_knowEachOther() throws Exception {
    ParentAndChild.Seen seen = ParentAndChild.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.pid()).isEqualTo(MASTER);
    assertThat(seen.parentPid()).isEqualTo(MASTER);
    assertThat(seen.systemParentPid()).isEqualTo(MASTER);
    assertThat(seen.ownPid()).isEqualTo(seen.childPid()).isNotEqualTo(MASTER);
  }

  @Test
  void p02_parentAndChild_bothPrint() throws Exception {
    List<String> lines = launch(0, "P02").out();

    assertThat(lines).hasSize(2);
    assertThat(lines.get(0)).startsWith("parent: ParentAndChild in process \"main\"");
    String pid = lines.get(0).substring(lines.get(0).lastIndexOf(' ') + 1);
    assertThat(lines.get(1))
        .startsWith("child: ParentAndChild in process \"child-1\", parent pid " + pid + ",");
  }

  @Test
  void p03_severalChildren_asManyPids() throws Exception {
    assertThat(SeveralChildren.run(settings(PoolOptions.PROCESSES)))
        .hasSize(5)
        .doesNotHaveDuplicates()
        .doesNotContain(MASTER);
  }

  @Test
  void q02_lastAndLowest_ordersAsNamed() throws Exception {
    LastAndLowest.Seen seen = LastAndLowest.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.lastFirst()).containsExactly(5, 1, 4, 1, 3);
    assertThat(seen.lowestFirst()).containsExactly(1, 1, 3, 4, 5);
    assertThat(seen.jobs().stream().map(LastAndLowest.Job::name))
        .containsExactly(
            "important job", "another of the same level", "mid-level job", "low-level job");
    assertThat(lines().get(1)).isEqualTo("lowest first: [1, 1, 3, 4, 5]");
  }

  @Test
  void s02_dictAndList_threeEntriesAndFifteenElements() throws Exception {
    DictAndList.Seen seen = DictAndList.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.dict())
        .hasSize(3)
        .containsEntry(1, "1")
        .containsEntry("2", 2)
        .containsEntry(0.25, null);
    assertThat(seen.list()).hasSize(15).startsWith(0, 1, 2, 3, 4).endsWith(1, 1);
    assertThat(lines().get(0)).contains("0.25=null");
  }

  @Test
  void s03_childrenSignIn_eachOnce() throws Exception {
    ChildrenSignIn.Seen seen = ChildrenSignIn.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.pids()).hasSize(10).doesNotHaveDuplicates();
    assertThat(seen.list()).containsExactlyInAnyOrderElementsOf(seen.pids());
    for (int i = 0; i < 10; i++) {
      assertThat(seen.dict()).containsEntry(i, seen.pids().get(i));
    }
  }

  @Test
  void s04_everyType_usedByBothChildren() throws Exception {
    List<String> seen = EveryType.run(settings(PoolOptions.PROCESSES));

    assertThat(seen)
        .containsExactly(
            "dict: each puts its number: {child 1=1, child 2=2}",
            "list: each appends its number twice: [1, 1, 2, 2]",
            "Namespace: each sets an attribute: {x=1, y=2}",
            "Lock: each adds 1 a hundred times while it holds it: 200",
            "RLock: the same, and it acquires it twice: 200",
            "Semaphore: 1 releases three permits, 2 acquires two: 1",
            "BoundedSemaphore: each adds 1 a hundred times, one at a time: 200",
            "Condition: 1 waits for a ball, 2 throws it: caught",
            "Event: 1 waits, 2 sets it: [2 sets it, 1 goes on]",
            "Barrier: each waits for the other and is told a number: [0, 1]",
            "Queue: 1 puts numbers, 2 takes them and puts squares: [1, 4, 9, 16, 25]",
            "Value: each adds 1 a hundred times: 200",
            "Array: each adds its number to every element: [13, 23, 33]",
            "map: each merges 1 into an entry a hundred times: {total=200}",
            "sortedMap: 1 puts 3 and 1, 2 puts 4 and 2: {1=child 1, 2=child 2, 3=child 1, 4=child 2}",
            "set: each adds its number, and 0: [0, 1, 2]",
            "deque: 1 adds at the front, 2 at the end: [1, 2, 3, 4]",
            "priorityQueue: 1 puts 3 and 1, 2 puts 4 and 2: [1, 2, 3, 4]",
            "atomicLong: each adds 1 a hundred times: 200",
            "countDownLatch: each counts down and waits: [0, 0]");
    assertThat(lines()).isEqualTo(seen);
  }

  @Test
  void s08_distributedSquares_strangerIsRefused() throws Exception {
    DistributedSquares.Seen seen = DistributedSquares.run(settings(PoolOptions.PROCESSES));

    assertThat(seen.squares())
        .isEqualTo(LongStream.range(0, 20).map(i -> i * i).boxed().toList());
    assertThat(seen.exitCode()).isZero();
    assertThat(seen.exitCodeOfStranger()).isEqualTo(SquaresWorker.WRONG_KEY);
  }

  @Test
  void n02_namesAndLiveness_sameOfThreadsAndChildren() throws Exception {
    NamesAndLiveness.Seen seen = NamesAndLiveness.run(settings(PoolOptions.PROCESSES));

    NamesAndLiveness.Flavour expected = new NamesAndLiveness.Flavour(
        List.of("reader", "writer"), List.of(true, true), List.of(false, false), 0);
    assertThat(seen).isEqualTo(new NamesAndLiveness.Seen(expected, expected));
    assertThat(lines()).contains("children alive: 2 [reader, writer]");
  }

  @Test
  void n03_daemonChild_normalOneIsWaitedFor() throws Exception {
    assertThat(launch(0, "N03", "--second", "100").out())
        .containsExactly("main ends", "normal has done its work", "daemon was terminated");
  }
}
