// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.TaskFunction;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners hear of inputs that travel together. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class UnitEventTest {
  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** They have succeeded if all of them have, whichever fails and in whatever part the outcomes are sent. */
  @Test
  void taskFinished_ofBatch_isSuccessIfAllSucceed() throws Exception {
    TaskFunction<Integer, byte[]> function = n -> {
      if (n < 0) {
        throw new IllegalArgumentException("on purpose");
      }
      return new byte[n];
    };
    BlockingQueue<Boolean> heard = new LinkedBlockingQueue<>();
    PoolListener listener = new PoolListener() {
      @Override
      public void taskFinished(TaskEvent task, boolean success, Duration runTime) {
        heard.add(success);
      }
    };
    List<List<Integer>> failing =
        List.of(List.of(-1, 1, 1), List.of(1, -1, 1), List.of(-1, 300_000, 1));
    try (Pool pool =
        Pool.open(Faults.options("unit-events").workers(1).listener(listener).build())) {
      for (List<Integer> inputs : failing) {
        Faults.failureOf(pool.mapAsync(function, inputs, inputs.size()));
        assertThat(heard.poll(Faults.LONG.toMillis(), TimeUnit.MILLISECONDS))
            .as("success of %s", inputs)
            .isFalse();
      }
      Faults.valueOf(pool.mapAsync(function, List.of(1, 300_000, 1), 3));
      assertThat(heard.poll(Faults.LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    }
  }
}
