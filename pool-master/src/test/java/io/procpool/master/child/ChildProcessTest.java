// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildOptions;
import io.procpool.ChildOptions.Stream;
import io.procpool.ChildProcess;
import io.procpool.ChildStartException;
import io.procpool.ChildTask;
import io.procpool.NotSerializableTaskException;
import io.procpool.ParentProcess;
import io.procpool.Pool;
import io.procpool.ProcessIdentity;
import io.procpool.Processes;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedLong;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.PrintStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Children that are started, end by themselves, and say something. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ChildProcessTest {
  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
    Faults.assertNothingLeft();
  }

  private static ChildOptions.Builder captured() {
    return ChildOptions.builder().stdout(Stream.CAPTURE).stderr(Stream.CAPTURE);
  }

  private static ChildProcess run(ChildOptions.Builder options, ChildTask task)
      throws InterruptedException {
    ChildProcess child = ChildProcess.start(options.build(), task);
    assertThat(child.join(LONG)).as("%s has ended", child).isTrue();
    return child;
  }

  private static ChildProcess run(ChildTask task) throws InterruptedException {
    return run(captured(), task);
  }

  // Exit codes.

  @Test
  void join_taskReturns_zero() throws Exception {
    ChildProcess child = run(() -> {});
    assertThat(child.exitCode()).hasValue(0);
    assertThat(child.signal()).isEmpty();
    assertThat(child.isAlive()).isFalse();
    assertThat(child.stderr().text()).isEmpty();
  }

  @Test
  void join_taskExits_itsCode() throws Exception {
    assertThat(run(() -> System.exit(7)).exitCode()).hasValue(7);
    assertThat(run(() -> Runtime.getRuntime().halt(8)).exitCode()).hasValue(8);
  }

  @Test
  void join_taskThrows_oneAndTrace() throws Exception {
    ChildProcess child = run(captured().name("thrower"), () -> {
      throw new IllegalStateException("boom", new IOException("inner"));
    });
    assertThat(child.exitCode()).hasValue(1);
    assertThat(child.stderr().text())
        .startsWith("Exception in process thrower (pid " + child.pid()
            + "): java.lang.IllegalStateException: boom")
        .contains("at " + ChildProcessTest.class.getName())
        .contains("Caused by: java.io.IOException: inner");
  }

  @Test
  void join_otherThreadsRun_areAwaited() throws Exception {
    Notes notes = Notes.in(directory);
    ChildTask task = () -> new Thread(() -> {
          notes.await("go on");
          System.out.print("other thread");
        })
        .start();
    ChildProcess child = ChildProcess.start(captured().build(), () -> {
      task.run();
      notes.add("task ended");
    });
    notes.await("task ended");
    assertThat(child.join(Faults.SHORT)).isFalse();
    notes.add("go on");
    child.join();
    assertThat(child.exitCode()).hasValue(0);
    assertThat(child.stdout().text()).isEqualTo("other thread");
  }

  /** The trace comes at once, the exit code when the other threads have ended. */
  @Test
  void join_taskThrowsWhileOtherThreadsRun_traceFirst() throws Exception {
    Notes notes = Notes.in(directory);
    ChildProcess child = ChildProcess.start(captured().build(), () -> {
      new Thread(() -> notes.await("go on")).start();
      throw new IllegalStateException("boom");
    });
    Faults.awaitLong("trace").until(() -> child.stderr().text().contains("boom"));
    assertThat(child.join(Faults.SHORT)).isFalse();
    notes.add("go on");
    child.join();
    assertThat(child.exitCode()).hasValue(1);
  }

  @Test
  void join_daemonThreadsRun_areNot() throws Exception {
    ChildProcess child = run(() -> {
      Thread other = new Thread(ChildTasks::sleepForEver);
      other.setDaemon(true);
      other.start();
    });
    assertThat(child.exitCode()).hasValue(0);
  }

  private static final class Unreadable implements Serializable {
    private static final long serialVersionUID = 1;

    private void readObject(ObjectInputStream in) throws IOException {
      throw new InvalidObjectException("not here");
    }
  }

  /** What cannot be rebuilt in the child is as a task that throws. */
  @Test
  void join_taskCannotBeDecoded_oneAndReason() throws Exception {
    Unreadable unreadable = new Unreadable();
    ChildProcess child = run(() -> System.out.println(unreadable));
    assertThat(child.exitCode()).hasValue(1);
    assertThat(child.stderr().text()).startsWith("Exception in process ").contains("not here");
  }

  @Test
  void join_interruptedAndTimedOut_childGoesOn() throws Exception {
    ChildProcess child = ChildProcess.start(captured().build(), ChildTasks::sleepForEver);
    assertThat(child.join(Duration.ZERO)).isFalse();
    Thread.currentThread().interrupt();
    assertThatThrownBy(child::join).isInstanceOf(InterruptedException.class);
    assertThat(child.isAlive()).isTrue();
    assertThat(child.exitCode()).isEmpty();
    assertThat(child.signal()).isEmpty();
    child.kill();
    child.join();
    assertThat(child.exitCode()).hasValue(137);
    assertThat(child.signal()).hasValue(9);
  }

  @Test
  void onExit_manyStages_eachOnceInAThreadOfOurs() throws Exception {
    Notes notes = Notes.in(directory);
    ChildProcess child =
        ChildProcess.start(captured().name("told").build(), () -> notes.await("go on"));
    CompletableFuture<String> stage = child
        .onExit()
        .thenApply(ended -> ended.exitCode() + " in " + Thread.currentThread().getName());
    child.onExit().complete(null); // is nobody else's
    child.onExit().cancel(true);
    assertThat(stage).isNotDone();
    notes.add("go on");
    assertThat(stage.get(LONG.toMillis(), TimeUnit.MILLISECONDS))
        .isEqualTo("OptionalInt[0] in told-waiter");
    assertThat(child.onExit().get()).isSameAs(child);
  }

  // Who is who.

  @Test
  void current_everywhere_saysWho() throws Exception {
    ProcessIdentity here = ChildProcess.current();
    assertThat(here).isEqualTo(new ProcessIdentity("main", Faults.pid(), false, true));
    assertThat(ChildProcess.parent()).isEmpty();

    ChildProcess child = run(captured().name("me").daemon(true), () -> {
      ParentProcess parent = ChildProcess.parent().orElseThrow();
      System.out.print(ChildProcess.current() + " " + parent.name() + " " + parent.pid() + " "
          + parent.isAlive());
    });
    assertThat(child.stdout().text())
        .isEqualTo(new ProcessIdentity("me", child.pid(), true, false) + " main " + Faults.pid()
            + " true");

    try (Pool pool = Pool.open(Faults.options("who").workers(1).build())) {
      ProcessIdentity worker = pool.apply(() -> ChildProcess.current());
      assertThat(worker.name()).isEqualTo("fault-who/worker-1");
      assertThat(worker.isRoot()).isFalse();
      assertThat(worker.isDaemon()).isTrue();
      assertThat(pool.apply(() -> ChildProcess.parent().orElseThrow().pid()))
          .isEqualTo(Faults.pid());
    }
  }

  @Test
  void parent_joinWithTimeout_timesOut() throws Exception {
    ChildProcess child = run(() -> {
      try {
        System.out.print(ChildProcess.parent().orElseThrow().join(Duration.ofMillis(50)));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    assertThat(child.stdout().text()).isEqualTo("false");
  }

  @Test
  void activeChildren_severalStarted_inOrderOfStart() throws Exception {
    List<ChildProcess> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      all.add(ChildProcess.start(captured().build(), ChildTasks::sleepForEver));
    }
    assertThat(ChildProcess.activeChildren()).containsExactlyElementsOf(all);
    all.get(1).kill();
    all.get(1).join();
    assertThat(ChildProcess.activeChildren()).containsExactly(all.get(0), all.get(2));
    all.forEach(ChildProcess::close);
    assertThat(ChildProcess.activeChildren()).isEmpty();
  }

  @Test
  void cpuCount_here_asTheJvmSays() {
    assertThat(Processes.cpuCount()).isEqualTo(Runtime.getRuntime().availableProcessors());
  }

  // What a child has.

  @Test
  void start_options_areInForce() throws Exception {
    ChildProcess child = run(
        captured()
            .maxHeapBytes(64 << 20)
            .jvmArgs(List.of("-Dcolour=blue"))
            .environment(Map.of("SHAPE", "round"))
            .workingDirectory(directory)
            .classPath(List.of(directory)),
        () -> System.out.print(String.join(
            " ",
            System.getProperty("colour"),
            System.getenv("SHAPE"),
            Path.of("").toAbsolutePath().toString(),
            String.valueOf(Runtime.getRuntime().maxMemory() <= 64 << 20),
            String.valueOf(
                System.getProperty("java.class.path").endsWith(System.getProperty("user.dir"))))));
    assertThat(child.stdout().text())
        .isEqualTo("blue round " + directory.toAbsolutePath() + " true true");
  }

  /** Nobody but procpool reads the orders of the parent. */
  @Test
  void start_childReadsStandardInput_findsItsEnd() throws Exception {
    ChildProcess child = run(() -> {
      try {
        Process cat = new ProcessBuilder("cat")
            .redirectInput(ProcessBuilder.Redirect.INHERIT)
            .start();
        System.out.print(System.in.read() + " " + cat.getInputStream().read());
        cat.waitFor();
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    assertThat(child.stdout().text()).isEqualTo("-1 -1");
    assertThat(child.exitCode()).hasValue(0);
  }

  @Test
  void start_largeTask_arrivesWhole() throws Exception {
    byte[] large = new byte[5 << 20];
    large[large.length - 1] = 42;
    ChildProcess child = run(() -> System.out.print(large.length + " " + large[large.length - 1]));
    assertThat(child.stdout().text()).isEqualTo((5 << 20) + " 42");
  }

  @Test
  void start_sharedValue_isTheSameMemory() throws Exception {
    try (SharedLong shared = SharedLong.create(1)) {
      run(() -> shared.getAndAdd(41));
      assertThat(shared.getAcquire()).isEqualTo(42);
    }
  }

  // What a child says.

  @Test
  void stdout_captured_lastBytesOfAStorm() throws Exception {
    ChildProcess child = run(captured().captureBytes(1000), () -> {
      byte[] block = new byte[100_000];
      for (int i = 0; i < 500; i++) {
        System.out.write(block, 0, block.length);
      }
      System.out.print("the end");
      System.out.flush();
    });
    assertThat(child.exitCode()).hasValue(0);
    assertThat(child.stdout().bytes()).hasSize(1000);
    assertThat(child.stdout().droppedBytes()).isEqualTo(500L * 100_000 + 7 - 1000);
    assertThat(child.stdout().text()).endsWith("\0the end");
    assertThat(child.stderr().droppedBytes()).isZero();
  }

  /** As CPython does, and the JVM does not. */
  @Test
  void stdout_bufferedAndNotFlushed_isNotLost() throws Exception {
    ChildProcess child = run(() -> {
      System.setOut(new PrintStream(new BufferedOutputStream(System.out)));
      System.out.print("in the buffer");
    });
    assertThat(child.stdout().text()).isEqualTo("in the buffer");
  }

  @Test
  void stdout_notCaptured_isRefused() throws Exception {
    ChildProcess child = run(
        ChildOptions.builder().name("quiet").stdout(Stream.DISCARD).stderr(Stream.DISCARD), () -> {
          System.out.println("unheard");
          System.err.println("unheard");
        });
    assertThatThrownBy(child::stdout)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("stdout of quiet is not captured; its option is DISCARD");
    assertThatThrownBy(child::stderr).hasMessageStartingWith("stderr of quiet");
  }

  @Test
  void join_grandchildHoldsStreams_isNotAwaited() throws Exception {
    ChildProcess child = run(() -> {
      try {
        Process sleep = new ProcessBuilder("sleep", "1000").inheritIO().start();
        System.out.print(sleep.pid());
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    });
    long sleep = Long.parseLong(child.stdout().text());
    assertThat(Faults.isAlive(sleep)).isTrue();
    Faults.signal("KILL", sleep);
  }

  // Starts that fail.

  @Test
  void start_taskNotSerializable_isRefused() {
    Object plain = new Object();
    assertThatThrownBy(() -> ChildProcess.start(() -> System.out.println(plain)))
        .isInstanceOf(NotSerializableTaskException.class)
        .hasMessageContaining("java.lang.Object");
  }

  @Test
  void start_noSuchJava_saysSo() {
    Path java = directory.resolve("java");
    ChildOptions options =
        ChildOptions.builder().name("lost").javaExecutable(java).build();
    assertThatThrownBy(() -> ChildProcess.start(options, () -> {}))
        .isInstanceOf(ChildStartException.class)
        .hasMessage("child \"lost\" cannot be started: javaExecutable: " + java
            + " (expected: an executable file)");
  }

  /** The system takes it for a shell script. */
  @Test
  void start_javaIsNoProgram_exitCode() throws Exception {
    Path java = Files.writeString(directory.resolve("java"), "nosuchcommand");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    ChildProcess child = run(captured().javaExecutable(java), () -> {});
    assertThat(child.exitCode()).hasValue(127);
    assertThat(child.stderr().text()).contains("nosuchcommand");
  }

  @Test
  void start_noSuchDirectory_saysSo() {
    ChildOptions options =
        ChildOptions.builder().workingDirectory(directory.resolve("none")).build();
    assertThatThrownBy(() -> ChildProcess.start(options, () -> {}))
        .isInstanceOf(ChildStartException.class)
        .hasMessageContaining("workingDirectory: " + directory.resolve("none"));
  }

  /** A child that dies while it boots has an exit code, and its JVM's words are heard. */
  @Test
  void start_flagRefusedByTheJvm_exitCodeAndItsWords() throws Exception {
    ChildProcess child = run(captured().jvmArgs(List.of("-XX:NoSuchFlag")), () -> {});
    assertThat(child.exitCode()).hasValue(1);
    assertThat(child.stdout().text() + child.stderr().text())
        .contains("Unrecognized VM option 'NoSuchFlag'");
  }

  @Test
  void start_programThatNeverReads_canBeKilled() throws Exception {
    Path java = Files.writeString(directory.resolve("java"), "#!/bin/sh\nexec sleep 1000\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
    byte[] large = new byte[1 << 20];
    ChildProcess child = ChildProcess.start(
        captured().javaExecutable(java).build(), () -> System.out.println(large.length));
    child.interrupt();
    child.interrupt();
    assertThat(child.join(Faults.SHORT)).isFalse();
    child.kill();
    child.join();
    assertThat(child.exitCode()).hasValue(137);
  }

  @Test
  void close_secondTime_noEffect() throws Exception {
    ChildProcess child = ChildProcess.start(captured().build(), ChildTasks::sleepForEver);
    child.close();
    int code = child.exitCode().orElseThrow();
    child.close();
    assertThat(child.exitCode()).hasValue(code);
    child.terminate();
    child.kill();
    child.interrupt();
    child.join();
  }

  /** A daemon thread that waits for a child lets this JVM end, another does not. */
  @Test
  void waiter_daemonOrNot_asTheChild() throws Exception {
    CountDownLatch told = new CountDownLatch(2);
    List<Boolean> daemon = new ArrayList<>();
    for (boolean chosen : new boolean[] {false, true}) {
      ChildProcess child = run(captured().daemon(chosen), () -> {});
      child.onExit().thenRun(told::countDown);
      CompletableFuture<Boolean> waiter = new CompletableFuture<>();
      ChildProcess other =
          ChildProcess.start(captured().daemon(chosen).build(), ChildTasks::sleepForEver);
      other.onExit().thenRun(() -> waiter.complete(Thread.currentThread().isDaemon()));
      other.kill();
      daemon.add(waiter.get(LONG.toMillis(), TimeUnit.MILLISECONDS));
    }
    assertThat(told.await(LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    assertThat(daemon).containsExactly(false, true);
  }
}
