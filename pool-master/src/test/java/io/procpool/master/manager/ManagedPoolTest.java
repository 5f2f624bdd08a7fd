// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedPool;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pool of a manager's. */
@Timeout(120)
class ManagedPoolTest {
  private static Manager hosted() {
    return Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @Test
  void tasks_fromSeveralProcesses_runInWorkersOfTheServer() throws Exception {
    try (Manager manager = Manager.start()) {
      ManagedPool pool = manager.pool("shared", 2);
      assertThat(manager.pool("shared", 1)).isEqualTo(pool);
      long pid = pool.apply(() -> ProcessHandle.current().pid());
      assertThat(pid).isNotEqualTo(ProcessHandle.current().pid());
      long parent =
          pool.apply(() -> ProcessHandle.current().parent().orElseThrow().pid());
      assertThat(parent).isNotEqualTo(ProcessHandle.current().pid());
      assertThat(pool.map(n -> n * n, List.of(1, 2, 3))).containsExactly(1, 4, 9);
      ManagedList<Integer> sums = manager.list();
      ChildProcess child =
          ChildProcess.start(() -> sums.addAll(pool.map(n -> n + 1, List.of(1, 2, 3))));
      child.join();
      assertThat(sums).containsExactly(2, 3, 4);
      assertThatThrownBy(() -> pool.apply(() -> {
            throw new IOException("as it is");
          }))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("as it is");
    }
  }

  @Test
  void submit_resultLater() throws Exception {
    try (Manager manager = hosted()) {
      ManagedPool pool = manager.pool(1);
      ManagedQueue<String> gate = manager.queue(1);
      Future<String> result = pool.submit(gate::take);
      assertThat(result.isDone()).isFalse();
      assertThatThrownBy(() -> result.get(10, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      gate.put("come in");
      assertThat(result.get(30, TimeUnit.SECONDS)).isEqualTo("come in");
      assertThat(result.get()).isEqualTo("come in");
      assertThat(result.isDone()).isTrue();
      assertThat(result.cancel(true)).isFalse();

      Future<Integer> fails = pool.submit(() -> Integer.parseInt("x"));
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(fails::get)
            .isInstanceOf(ExecutionException.class)
            .hasCauseInstanceOf(NumberFormatException.class);
      }
      Future<String> cancelled = pool.submit(gate::take);
      assertThat(cancelled.cancel(true)).isTrue();
      assertThat(cancelled.isCancelled()).isTrue();
      assertThatThrownBy(cancelled::get).isInstanceOf(CancellationException.class);
      pool.close();
      assertThatThrownBy(() -> pool.submit(() -> 1)).isInstanceOf(RejectedExecutionException.class);
    }
  }

  /** Many who wait are no threads of the server. */
  @Test
  void waiting_holdsNoThreadOfTheServer() throws Exception {
    try (Manager manager = hosted()) {
      ManagedPool pool = manager.pool(1);
      ManagedQueue<Integer> gate = manager.queue(100);
      Future<Integer> first = pool.submit(gate::take);
      List<Thread> waiting = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        Thread thread = new Thread(() -> {
          try {
            first.get();
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
        thread.start();
        waiting.add(thread);
      }
      manager.list().add("others go on");
      assertThat(Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("manager-work-"))
              .filter(thread -> thread.getState() == Thread.State.RUNNABLE)
              .count())
          .isLessThan(5);
      gate.put(1);
      for (Thread thread : waiting) {
        thread.join();
      }
      assertThat(first.get()).isEqualTo(1);
    }
  }

  /** What a process has submitted and cannot fetch any more does not stay in the way. */
  @Test
  void client_killed_itsTasksAreCancelled() throws Exception {
    try (Manager manager = hosted()) {
      ManagedPool pool = manager.pool(1);
      ManagedQueue<Integer> gate = manager.queue(1);
      ManagedList<String> begun = manager.list();
      ChildProcess child = ChildProcess.start(() -> {
        for (int i = 0; i < 5; i++) {
          pool.submit(() -> {
            begun.add("x");
            return gate.take();
          });
        }
        begun.add("submitted");
        Thread.sleep(Long.MAX_VALUE);
      });
      Faults.awaitLong("the child's tasks").until(() -> begun.contains("submitted"));
      child.kill();
      child.join();
      gate.put(1);
      assertThat(pool.apply(() -> "mine")).isEqualTo("mine");
      assertThat(begun.stream().filter("x"::equals).count()).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void pool_badNumber_saysWhatIsAllowed() {
    try (Manager manager = hosted()) {
      assertThatThrownBy(() -> manager.pool(0)).hasMessageContaining("workers: 0 (expected: 1 to ");
    }
  }
}
