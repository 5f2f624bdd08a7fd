// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.Task;
import io.procpool.ipc.FrameChannel;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.OutOfMemoryMark;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.ipc.wire.ToWorker;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Moments in the life of a unit that cannot be hit from outside of the process. */
final class UnitRunnerTest {
  private static volatile boolean interrupted;
  private static volatile WeakReference<Object> returned = new WeakReference<>(null);

  @TempDir
  Path directory;

  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private volatile Runnable onWrite = () -> {};
  private WorkerSegment segment;
  private UnitRunner runner;
  private Unit unit;
  private final TaskThread thread = new TaskThread(() -> {
    try {
      runner.run(unit);
    } catch (Throwable failed) {
      failure.set(failed);
    }
  });

  @BeforeEach
  void makeRunner() throws Exception {
    segment = WorkerSegment.create(directory.resolve("segment"));
    FrameWriter writer = new FrameWriter(new Sink());
    Wear wear = new Wear(writer, OutOfMemoryMark.of(directory.toString(), 1), 0);
    runner = new UnitRunner(
        thread,
        new WorkerIdentity("pool-1", "worker-1", 1),
        segment,
        writer,
        true,
        wear,
        null,
        new Witness(segment, writer, thread),
        new ClassRequests("worker-1"));
  }

  private void run(Task<?> task) throws Exception {
    byte[] function = PlayedMaster.encoded(task);
    segment.offer(1, 1);
    unit = new Unit(
        ToWorker.Run.plain(1, 1, 0, 1, 0, function.length, false, FunctionKind.CALLABLE.ordinal()),
        function);
    thread.start();
    thread.join(PlayedMaster.LONG.toMillis());
    assertThat(thread.isAlive()).isFalse();
    assertThat(failure.get()).isNull();
    assertThat(segment.state(1)).isEqualTo(UnitState.DONE);
  }

  /** The master can know that a unit has begun, and interrupt it, before its task is called. */
  @Test
  void interrupt_betweenBeginAndCall_reachesTheTask() throws Exception {
    interrupted = false;
    onWrite = () -> {
      if (segment.state(1) == UnitState.STARTED) {
        runner.interrupt(1);
      }
    };
    Task<Integer> task = () -> {
      interrupted = Thread.interrupted();
      return 1;
    };
    run(task);
    assertThat(interrupted).isTrue();
  }

  /** Somebody who interrupts the task thread between units interrupts none of them. */
  @Test
  void interrupt_beforeUnit_isForgotten() throws Exception {
    interrupted = true;
    thread.interrupt();
    Task<Integer> task = () -> {
      interrupted = Thread.interrupted();
      return 1;
    };
    run(task);
    assertThat(interrupted).isFalse();
  }

  /** The value of a task can be collected as soon as it is encoded. */
  @Test
  void value_afterUnit_isLetGo() throws Exception {
    Task<Object> task = () -> {
      Object value = new byte[1000];
      returned = new WeakReference<>(value);
      return value;
    };
    run(task);
    await().atMost(PlayedMaster.LONG).until(() -> {
      System.gc();
      return returned.get() == null;
    });
  }

  /** Takes everything. */
  private final class Sink implements FrameChannel {
    @Override
    public void read(ByteBuffer target) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isReady() {
      return false;
    }

    @Override
    public void check() {}

    @Override
    public void write(ByteBuffer... sources) {
      for (ByteBuffer source : sources) {
        onWrite.run();
        source.position(source.limit());
      }
    }
  }
}
