// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * F07: what can be asked of a result, before and after its task is done: {@code isDone}, {@code successful},
 * {@code await}, and {@code get} with a time limit; and that {@code get} rethrows what the task threw, as the exception
 * that it was.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ResultStates {
  private ResultStates() {}

  /**
   * What was seen.
   *
   * @param doneBefore {@code isDone} while the task ran
   * @param successfulBefore what {@code successful} threw while the task ran
   * @param getBefore what {@code get} with a short limit threw while the task ran
   * @param awaitedBefore {@code await} with a short limit while the task ran
   * @param awaitedAfter {@code await} after the task was let go on
   * @param doneAfter {@code isDone} after that
   * @param successfulAfter {@code successful} after that
   * @param value the value
   * @param failedSuccessful {@code successful} of a task that threw
   * @param failure what {@code get} rethrew of it
   */
  record Seen(
      boolean doneBefore,
      Throwable successfulBefore,
      Throwable getBefore,
      boolean awaitedBefore,
      boolean awaitedAfter,
      boolean doneAfter,
      boolean successfulAfter,
      int value,
      boolean failedSuccessful,
      Throwable failure) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings)
      throws InterruptedException, ExecutionException, IOException {
    Duration shortTime = Duration.ofMillis(settings.millis(0.1));
    Duration longTime = Duration.ofMinutes(1);
    try (Pool pool = settings.notInline().pool(2);
        Gate gate = Gate.shut()) {
      AsyncResult<Integer> result = pool.applyAsync(ResultStates::answer, gate);
      boolean doneBefore = result.isDone();
      Throwable successfulBefore = thrownBy(result::successful);
      Throwable getBefore = thrownBy(() -> result.get(shortTime.toMillis(), TimeUnit.MILLISECONDS));
      boolean awaitedBefore = result.await(shortTime);
      settings
          .out()
          .println("while it runs: isDone " + doneBefore + ", successful " + successfulBefore
              + ", get " + getBefore);

      gate.open();
      boolean awaitedAfter = result.await(longTime);
      settings
          .out()
          .println("when it is done: isDone " + result.isDone() + ", successful "
              + result.successful() + ", get " + result.get());

      AsyncResult<Integer> failing = pool.applyAsync(Integer::parseInt, "forty-two");
      Throwable failure = thrownBy(failing::get);
      settings
          .out()
          .println("when it failed: successful " + failing.successful() + ", get " + failure);
      return new Seen(
          doneBefore,
          successfulBefore,
          getBefore,
          awaitedBefore,
          awaitedAfter,
          result.isDone(),
          result.successful(),
          result.get(),
          failing.successful(),
          failure);
    }
  }

  private static int answer(Gate gate) throws InterruptedException {
    gate.await();
    return 42;
  }

  private interface Question {
    Object ask() throws InterruptedException, ExecutionException, TimeoutException;
  }

  private static Throwable thrownBy(Question question) throws InterruptedException {
    try {
      return new AssertionError("nothing was thrown, the answer is " + question.ask());
    } catch (IllegalStateException | TimeoutException e) {
      return e;
    } catch (ExecutionException e) {
      return Objects.requireNonNull(e.getCause());
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
