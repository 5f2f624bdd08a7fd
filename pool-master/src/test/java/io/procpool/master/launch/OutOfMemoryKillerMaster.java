// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RetryPolicy;
import io.procpool.RetryPolicy.BackOff;
import io.procpool.RetryPolicy.Cause;
import io.procpool.TaskContext;
import io.procpool.TaskOptions;
import io.procpool.WorkerCrashedException;
import io.procpool.master.process.Faults;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A program in a control group with little memory, whose tasks take all of it; says what becomes of them. Started by {@link OutOfMemoryKillerTest}. */
final class OutOfMemoryKillerMaster {
  private static final int PIECE_BYTES = 4 << 20;
  private static final long PAUSE_NANOS = 3_000_000; // so that it is looked at while it grows

  private OutOfMemoryKillerMaster() {}

  public static void main(String[] arguments) throws Exception {
    PoolOptions options = Faults.options("oom")
        .workers(1)
        .maxHeapBytes(32L << 20)
        .jvmArgs(List.of("-XX:MaxDirectMemorySize=8g"))
        .build();
    try (Pool pool = Pool.open(options)) {
      long pid = Faults.valueOf(pool.submit(Faults::pid));
      say("first", pool.submit(OutOfMemoryKillerMaster::hoard), pid);
      long second = Faults.valueOf(pool.submit(Faults::pid));
      AsyncResult<?> killed = pool.submit(() -> {
        Faults.signal("KILL", Faults.pid());
        return null;
      });
      say("second", killed, second);
      RetryPolicy policy =
          RetryPolicy.of(1).on(Cause.OUT_OF_MEMORY).backOff(BackOff.fixed(Duration.ZERO));
      System.out.println("third = "
          + Faults.valueOf(pool.with(TaskOptions.defaults().retries(policy)).submit(() -> {
            if (TaskContext.current().attempt() == 1) {
              hoard();
            }
            return TaskContext.current().attempt();
          })));
      Faults.awaitFull(pool);
      System.out.println("crashed = " + pool.statistics().crashedWorkers());
    }
    Faults.assertNothingLeft();
    System.out.println("end");
  }

  /** Takes memory outside of the heap until the kernel ends this process, and no other of its group. */
  private static int hoard() throws Exception {
    Files.writeString(Path.of("/proc/self/oom_score_adj"), "1000");
    List<ByteBuffer> hoard = new ArrayList<>();
    while (true) {
      hoard.add(ByteBuffer.allocateDirect(PIECE_BYTES));
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static void say(String what, AsyncResult<?> result, long pid) throws Exception {
    Throwable failure = Faults.failureOf(result);
    if (failure instanceof WorkerCrashedException crash) {
      System.out.println(what + " = " + crash.reason() + " " + crash.signal().orElse("") + " "
          + (crash.report().pid() == pid) + " " + (crash.report().rssBytes() >> 20) + " "
          + crash.poolUsable());
      System.out.println(crash.getMessage());
    } else {
      System.out.println(what + " = " + failure);
    }
  }
}
