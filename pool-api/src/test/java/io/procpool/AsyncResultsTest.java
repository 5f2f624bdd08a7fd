// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.AsyncResults.WaitFor;
import io.procpool.spi.DoneSignal;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What waiting for several results leaves behind at them. */
final class AsyncResultsTest {
  private final List<Runnable> waiters = new ArrayList<>();

  @Test
  void await_polledOverUnfinishedResults_leavesNoWaiter() throws Exception {
    List<AsyncResult<Integer>> results = List.of(unfinished(), unfinished());
    for (int i = 0; i < 3; i++) {
      AsyncResults.Waited<Integer> waited =
          AsyncResults.await(results, WaitFor.FIRST_COMPLETED, Duration.ZERO);
      assertThat(waited.pending()).hasSize(2);
      assertThat(waiters).isEmpty();
    }
  }

  @Test
  void asCompleted_timeIsOver_leavesNoWaiter() {
    Iterator<AsyncResult<Integer>> completions =
        AsyncResults.asCompleted(List.of(unfinished()), Duration.ofMillis(1)).iterator();
    assertThat(waiters).hasSize(1);
    assertThatThrownBy(completions::next).isInstanceOf(WaitTimeoutException.class);
    assertThat(waiters).isEmpty();
  }

  /** A result that knows how to be waited for, and no more. */
  @SuppressWarnings("unchecked")
  private AsyncResult<Integer> unfinished() {
    return (AsyncResult<Integer>) Proxy.newProxyInstance(
        AsyncResult.class.getClassLoader(),
        new Class<?>[] {AsyncResult.class, DoneSignal.class},
        (proxy, method, arguments) -> switch (method.getName()) {
          case "addWaiter" -> waiters.add((Runnable) arguments[0]) ? null : null;
          case "removeWaiter" -> waiters.remove((Runnable) arguments[0]) ? null : null;
          case "isDone" -> false;
          case "hashCode" -> System.identityHashCode(proxy);
          case "equals" -> proxy == arguments[0];
          default -> throw new UnsupportedOperationException(method.getName());
        });
  }
}
