// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.RunnableTask;
import io.procpool.Task;
import io.procpool.TaskFunction;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.ToWorker;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.BufferOverflowException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker process does with each message, and how it ends. */
final class WorkerProtocolTest {
  private static final TaskFunction<Integer, Integer> DOUBLE = n -> 2 * n;

  @TempDir
  Path directory;

  /** No test leaves a process or a file. */
  @AfterEach
  void nothingIsLeft() throws IOException {
    assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
        .isEmpty();
    Files.deleteIfExists(gate());
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }

  private Path gate() {
    return directory.resolve("gate");
  }

  private void open() throws IOException {
    Files.writeString(gate(), "");
  }

  /** A task that runs until the gate is open, whatever interrupts come; it returns whether one has. */
  private byte[] untilOpen() throws IOException {
    String gate = gate().toString();
    Task<Boolean> task = () -> {
      boolean interrupted = false;
      while (!Files.exists(Path.of(gate))) {
        try {
          Thread.sleep(1);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      return interrupted || Thread.interrupted();
    };
    return PlayedMaster.encoded(task);
  }

  private void runUntilOpen(PlayedMaster master, int seq) throws Exception {
    master.run(seq, FunctionKind.CALLABLE, untilOpen(), List.of());
  }

  private static void awaitBegin(PlayedMaster master, int seq) {
    await().atMost(PlayedMaster.LONG).until(() -> master.segment().state(seq) == UnitState.STARTED);
  }

  @Test
  void ping_whileTaskRuns_isAnswered() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      runUntilOpen(master, 1);
      awaitBegin(master, 1);
      master.ping(7);
      open();
      assertThat(master.awaitEnd(1)).containsExactly(false);
    }
  }

  /** An interrupt for a unit that waits does nothing, to the running one or to that one later. */
  @Test
  void interrupt_reachesTheRunningTaskOnly() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      runUntilOpen(master, 1);
      runUntilOpen(master, 2);
      awaitBegin(master, 1);
      master.interrupt(2);
      master.ping(1);
      open();
      assertThat(master.awaitEnd(1)).containsExactly(false);
      assertThat(master.awaitEnd(2)).containsExactly(false);
      Files.delete(gate());
      runUntilOpen(master, 3);
      runUntilOpen(master, 4);
      awaitBegin(master, 3);
      master.interrupt(3);
      master.ping(2);
      open();
      assertThat(master.awaitEnd(3)).containsExactly(true);
      assertThat(master.awaitEnd(4)).containsExactly(false);
    }
  }

  @Test
  void stop_whileTaskRuns_letsItEnd() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      runUntilOpen(master, 1);
      awaitBegin(master, 1);
      master.stop();
      open();
      assertThat(master.awaitEnd(1)).containsExactly(false);
      assertThat(master.awaitExit()).isZero();
      assertThat(master.stderr()).isEmpty();
    }
  }

  @Test
  void run_revoked_isNotRun() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      byte[] function = PlayedMaster.encoded(DOUBLE);
      runUntilOpen(master, 1);
      master.run(2, FunctionKind.FUNCTION, function, List.of(2));
      master.run(3, FunctionKind.FUNCTION, function, List.of(3));
      awaitBegin(master, 1);
      assertThat(master.segment().revoke(2)).isTrue();
      open();
      assertThat(master.awaitEnd(1)).containsExactly(false);
      assertThat(master.awaitEnd(3)).containsExactly(6);
      assertThat(master.hasReceived()).isFalse();
      assertThat(master.segment().state(2)).isEqualTo(UnitState.REVOKED);
    }
  }

  /** However many units are sent and taken back while a task runs, they do not fill the heap. */
  @Test
  void run_revokedWhileTaskRuns_takesNoMemory() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory, "-Xmx32m")) {
      byte[] function = PlayedMaster.encoded(DOUBLE);
      byte[] argument = new byte[1 << 20];
      runUntilOpen(master, 1);
      awaitBegin(master, 1);
      for (int seq = 2; seq < 200; seq++) {
        if (!WorkerSegment.shareSlot(seq, 1)) {
          master.run(seq, FunctionKind.FUNCTION, function, List.of(argument));
          assertThat(master.segment().revoke(seq)).isTrue();
        }
      }
      master.ping(1);
      open();
      assertThat(master.awaitEnd(1)).containsExactly(false);
    }
  }

  private static ToWorker.Run kept(int seq, long functionId, byte[] function) {
    int kind = FunctionKind.FUNCTION.ordinal();
    return ToWorker.Run.plain(seq, seq, 0, 1, functionId, function.length, true, kind);
  }

  /** A function stays although the unit that brought it was taken back, until it is to be forgotten. */
  @Test
  void forget_afterRevokedRun_forgets() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      byte[] function = PlayedMaster.encoded(DOUBLE);
      runUntilOpen(master, 1);
      awaitBegin(master, 1);
      master.run(kept(2, 77, function), function, List.of(1));
      assertThat(master.segment().revoke(2)).isTrue();
      master.run(kept(3, 77, PlayedMaster.NOTHING), PlayedMaster.NOTHING, List.of(4));
      open();
      assertThat(master.awaitEnd(1)).containsExactly(false);
      assertThat(master.awaitEnd(3)).containsExactly(8);

      Files.delete(gate());
      runUntilOpen(master, 4);
      awaitBegin(master, 4);
      master.run(kept(5, 78, function), function, List.of(1));
      assertThat(master.segment().revoke(5)).isTrue();
      master.forget(78);
      master.ping(1);
      open();
      assertThat(master.awaitEnd(4)).containsExactly(false);
      master.run(kept(6, 78, PlayedMaster.NOTHING), PlayedMaster.NOTHING, List.of(1));
      assertThat(master.awaitEnd(6))
          .singleElement()
          .asString()
          .contains("the master did not send function 78");
    }
  }

  /** Something that one item leaves behind, and tells whether another has done so. */
  private static final TaskFunction<Integer, String> UNTIDY = n -> {
    Thread thread = Thread.currentThread();
    boolean loader = thread.getContextClassLoader() == ClassLoader.getSystemClassLoader();
    String found = thread.isInterrupted() + " " + loader;
    thread.interrupt();
    thread.setContextClassLoader(new ClassLoader() {});
    return found;
  };

  /** Neither the interrupt nor the class loader of one item reaches the next, in the same unit or in another. */
  @Test
  void items_ofBatch_doNotInheritFromEachOther() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      byte[] function = PlayedMaster.encoded(UNTIDY);
      List<Object> tidy = List.of("false true", "false true", "false true");
      for (int seq = 1; seq < 3; seq++) {
        master.run(seq, FunctionKind.FUNCTION, function, List.of(1, 2, 3));
        assertThat(master.awaitEnd(seq)).isEqualTo(tidy);
      }
    }
  }

  /** Fails in serialization, in a manner of its choice. */
  private record Fails(boolean onWrite, boolean overflow) implements Serializable {
    private Object fail() {
      if (overflow) {
        throw new BufferOverflowException();
      }
      throw new AssertionError("on purpose");
    }

    private Object writeReplace() {
      return new Form(onWrite, overflow);
    }

    private static final class Form implements Serializable {
      private static final long serialVersionUID = 1;

      private final boolean onWrite;
      private final boolean overflow;

      Form(boolean onWrite, boolean overflow) {
        this.onWrite = onWrite;
        this.overflow = overflow;
      }

      private void writeObject(ObjectOutputStream out) throws IOException {
        if (onWrite) {
          new Fails(onWrite, overflow).fail();
        }
        out.defaultWriteObject();
      }

      private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        new Fails(onWrite, overflow).fail();
      }
    }
  }

  /** Errors in the serialization code of users fail their items, in units of one item and in batches. */
  @Test
  void run_serializationThrowsErrors_failsThatItemOnly() throws Exception {
    TaskFunction<Integer, Object> results = n -> n > 1 ? n : new Fails(true, n == 1);
    TaskFunction<Object, Integer> arguments = value -> 5;
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      byte[] function = PlayedMaster.encoded(results);
      master.run(1, FunctionKind.FUNCTION, function, List.of(0, 1, 2));
      List<Object> outcomes = master.awaitEnd(1);
      assertThat(outcomes).hasSize(3);
      assertThat(outcomes.get(0)).asString().contains("its value", "on purpose");
      assertThat(outcomes.get(1)).asString().contains("its value", "BufferOverflowException");
      assertThat(outcomes.get(2)).isEqualTo(2);
      master.run(2, FunctionKind.FUNCTION, function, List.of(0));
      assertThat(master.awaitEnd(2)).singleElement().asString().contains("on purpose");

      function = PlayedMaster.encoded(arguments);
      master.run(3, FunctionKind.FUNCTION, function, List.of(new Fails(false, false), "x"));
      outcomes = master.awaitEnd(3);
      assertThat(outcomes).hasSize(2);
      assertThat(outcomes.get(0)).asString().contains("cannot be rebuilt", "on purpose");
      assertThat(outcomes.get(1)).isEqualTo(5);
    }
  }

  /** The last results of a unit count the items without a value, in whatever frame those were. */
  @Test
  void results_last_countFailedItems() throws Exception {
    TaskFunction<Integer, Object> mixed = n -> switch (n) {
      case 0 -> throw new IOException("on purpose");
      case 1 -> new Object();
      case 2 -> new byte[300_000]; // does not fit into the area: what is there is sent before
      default -> n;
    };
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      byte[] function = PlayedMaster.encoded(mixed);
      master.run(1, FunctionKind.FUNCTION, function, List.of(0, 1, 2, 3));
      FromWorker.Results results;
      int received = 0;
      do {
        results = (FromWorker.Results) master.next().header();
        received += results.count();
      } while (!results.last());
      assertThat(received).isEqualTo(4);
      assertThat(results.failed()).isEqualTo(2);
      for (int n = 0; n < 4; n++) {
        master.run(2 + n, FunctionKind.FUNCTION, function, List.of(n));
        assertThat(((FromWorker.Results) master.next().header()).failed()).isEqualTo(n < 2 ? 1 : 0);
      }
    }
  }

  /** A worker that waits for work after a long task does not wake up for nothing. */
  @Test
  void idle_afterLongTask_sleeps() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      runUntilOpen(master, 1);
      awaitBegin(master, 1);
      master.ping(1); // so it is the watcher that reads
      open();
      master.awaitEnd(1);
      long before = switches(master.pid());
      Thread.sleep(500);
      assertThat(switches(master.pid()) - before).isLessThan(25);
      master.ping(2);
      master.run(2, FunctionKind.FUNCTION, PlayedMaster.encoded(DOUBLE), List.of(2));
      assertThat(master.awaitEnd(2)).containsExactly(4);
    }
  }

  /** How often the task thread of a worker has gone to sleep. */
  private static long switches(long pid) throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads.toList()) {
        if (Files.readString(thread.resolve("comm")).strip().equals("procpool-task")) {
          return Files.readAllLines(thread.resolve("status")).stream()
              .filter(line -> line.startsWith("voluntary_ctxt_switches:"))
              .mapToLong(line -> Long.parseLong(line.split("\\s+")[1]))
              .sum();
        }
      }
    }
    throw new AssertionError("no task thread in " + pid);
  }

  /** Whatever it does, a worker that finds its master gone says nothing, and clears away the session. */
  @Test
  void masterGone_endsSilently() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      master.closeConnection();
      assertDisconnected(master);
    }
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
      runUntilOpen(master, 1);
      awaitBegin(master, 1);
      master.closeConnection();
      assertDisconnected(master);
    }
    try (PlayedMaster master = PlayedMaster.ofLaunchedWorker(directory)) {
      master.accept();
      master.closeConnection();
      assertDisconnected(master);
    }
  }

  /** Also if it is a write by which it finds out. */
  @Test
  void masterGone_whileShortTasksRun_endsSilently() throws Exception {
    RunnableTask pause = () -> {
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    };
    byte[] function = PlayedMaster.encoded(pause);
    for (int i = 0; i < 3; i++) {
      try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory)) {
        for (int seq = 1; seq < 60; seq++) {
          master.run(seq, FunctionKind.RUNNABLE, function, Collections.emptyList());
        }
        master.awaitEnd(1);
        master.closeConnection();
        assertDisconnected(master);
      }
    }
  }

  private static void assertDisconnected(PlayedMaster master) throws Exception {
    assertThat(master.awaitExit())
        .as("exit value; stderr: %s", master.stderr())
        .isIn(PlayedMaster.DISCONNECTED);
    assertThat(master.stderr()).isEmpty();
    assertThat(master.session()).doesNotExist();
  }

  /** A message for which there is no memory ends the worker, which says why; its unit has not begun. */
  @Test
  void run_largerThanHeap_endsAsOutOfMemory() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofReadyWorker(directory, "-Xmx32m")) {
      try {
        master.run(
            1, FunctionKind.FUNCTION, PlayedMaster.encoded(DOUBLE), List.of(new byte[64 << 20]));
      } catch (IOException brokenPipe) {
        // The worker may end before it has taken all of it.
      }
      PlayedMaster.Message message = master.next();
      assertThat(message.header()).isInstanceOf(FromWorker.OutOfMemory.class);
      assertThat(new String(message.payload(), StandardCharsets.UTF_8))
          .startsWith("no room for a message from the master\njava.lang.OutOfMemoryError");
      assertThat(master.awaitExit()).isEqualTo(WorkerExit.OUT_OF_MEMORY);
      assertThat(master.segment().state(1)).isEqualTo(UnitState.OFFERED);
    }
  }

  @Test
  void firstMessage_notWelcome_isRefused() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofLaunchedWorker(directory)) {
      master.answerHandshake();
      master.send(new ToWorker.Ping(1));
      assertThat(master.awaitExit()).isEqualTo(WorkerExit.CANNOT_START);
      assertThat(master.stderr())
          .startsWith("procpool worker cannot start: ")
          .contains("the master's first message is Ping[number=1] (expected: Welcome)");
    }
  }

  @Test
  void challenge_wrongKey_isRefused() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofLaunchedWorker(directory)) {
      byte[] hello = master.accept();
      master.write(Handshake.challenge(Handshake.newKey(), hello, Handshake.newNonce()));
      assertThat(master.awaitExit()).isEqualTo(WorkerExit.CANNOT_START);
      assertThat(master.stderr())
          .contains("procpool worker cannot start", "did not prove that it has the session's key");
    }
  }

  @Test
  void challenge_otherVersion_namesBoth() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofLaunchedWorker(directory)) {
      master.accept();
      byte[] refusal = Handshake.refusal();
      refusal[5] += 7;
      master.write(refusal);
      assertThat(master.awaitExit()).isEqualTo(WorkerExit.CANNOT_START);
      assertThat(master.stderr())
          .contains("procpool worker cannot start")
          .contains("master speaks protocol version 8, this side version 1");
    }
  }

  @Test
  void stdin_endsAtOnce_cannotStart() throws Exception {
    try (PlayedMaster master = PlayedMaster.ofWorkerWithoutLaunch(directory)) {
      assertThat(master.awaitExit()).isEqualTo(WorkerExit.CANNOT_START);
      assertThat(master.stderr()).startsWith("procpool worker cannot start: ");
    }
  }
}
