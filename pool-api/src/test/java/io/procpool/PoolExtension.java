// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.spi.PoolBackend;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;
import org.opentest4j.TestAbortedException;

/**
 * Runs a {@link PoolTest} and looks afterwards for what must not be there: a busy worker, an unaccounted task, a thread of
 * a pool, a child process, an exception in a helper thread, an interrupt status.
 */
final class PoolExtension implements TestTemplateInvocationContextProvider {
  static {
    Awaitility.setDefaultPollDelay(Duration.ZERO);
    Awaitility.setDefaultPollInterval(Duration.ofMillis(5));
  }

  @Override
  public boolean supportsTestTemplate(ExtensionContext context) {
    return true;
  }

  @Override
  public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(
      ExtensionContext context) {
    PoolTest test = context.getRequiredTestMethod().getAnnotation(PoolTest.class);
    String backend = backendOf(context.getRequiredTestClass());
    String skip = whyNot(test, backend);
    KeptPools kept = KeptPools.of(context);
    return Arrays.stream(numbers(test, backend, context.getRequiredTestMethod()))
        .mapToObj(workers -> new Cell(new Run(backend, workers, test.fresh(), skip, kept)));
  }

  /** In the short form one of the numbers of workers, which differs from test to test and backend to backend. */
  private static int[] numbers(PoolTest test, String backend, Method method) {
    int[] all = test.workers();
    int one = Math.floorMod((backend + method.getName()).hashCode(), all.length);
    return LongForm.isOn() ? all : new int[] {all[one]};
  }

  private static String backendOf(Class<?> testClass) {
    for (Class<?> type = testClass; type != null; type = type.getEnclosingClass()) {
      Backend backend = type.getAnnotation(Backend.class);
      if (backend != null) {
        return backend.value();
      }
    }
    throw new IllegalStateException(testClass + " has no @Backend");
  }

  private static String whyNot(PoolTest test, String backend) {
    if (Arrays.asList(test.except()).contains(backend)) {
      return "backend " + backend + ": " + test.because();
    }
    try {
      PoolBackend.named(backend);
      return null;
    } catch (IllegalArgumentException absent) {
      return absent.getMessage();
    }
  }

  private record Cell(Run run) implements TestTemplateInvocationContext {
    @Override
    public String getDisplayName(int index) {
      return run.backend + ", workers=" + run.workers;
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
      return List.of(run);
    }
  }

  private static final class Run
      implements ParameterResolver, BeforeEachCallback, AfterEachCallback {
    private final String backend;
    private final int workers;
    private final boolean fresh;
    private final String skip; // null if the cell runs
    private final KeptPools kept;
    private final List<Throwable> uncaught = new CopyOnWriteArrayList<>();
    private PoolContext context;
    private Pool keptPool; // null if the test has none

    Run(String backend, int workers, boolean fresh, String skip, KeptPools kept) {
      this.backend = backend;
      this.workers = workers;
      this.fresh = fresh;
      this.skip = skip;
      this.kept = kept;
    }

    @Override
    public void beforeEach(ExtensionContext test) {
      if (skip != null) {
        throw new TestAbortedException(skip);
      }
      context();
      Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
    }

    private PoolContext context() {
      if (context == null) {
        context = new PoolContext(backend, workers);
      }
      return context;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
      Class<?> type = parameter.getParameter().getType();
      return type == Pool.class || type == PoolContext.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
      if (parameter.getParameter().getType() == PoolContext.class) {
        return context();
      }
      if (fresh) {
        return context().open(context().options());
      }
      keptPool = kept.take(backend, workers);
      return keptPool;
    }

    @Override
    public void afterEach(ExtensionContext test) throws Exception {
      if (context == null) {
        return;
      }
      boolean interrupted = Thread.interrupted();
      try {
        context.gates().forEach(Gate::open);
        for (Thread thread : context.threads()) {
          thread.interrupt();
        }
        for (Pool pool : context.pools()) {
          end(pool);
        }
        if (keptPool != null && keptPool.isShutdown()) {
          end(keptPool);
        } else if (keptPool != null) {
          awaitIdle(keptPool);
        }
        awaitNone("threads of a closed pool", this::poolThreads);
        awaitNone("child processes", this::children);
      } finally {
        Thread.setDefaultUncaughtExceptionHandler(null);
        delete(context.directory());
      }
      assertThat(uncaught).as("exceptions in helper threads").isEmpty();
      assertThat(interrupted).as("interrupt status at the end of the test").isFalse();
    }

    private static void awaitIdle(Pool pool) {
      await("no busy worker in " + pool).atMost(Times.LONG).until(() -> isIdle(pool));
    }

    private static void end(Pool pool) {
      if (!pool.isShutdown()) {
        awaitIdle(pool);
      }
      Thread closer = new Thread(pool::close, "test-closer");
      closer.setDaemon(true);
      closer.start();
      try {
        closer.join(Times.LONG.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      assertThat(closer.isAlive())
          .as("close() of %s has not returned\n%s", pool, dump())
          .isFalse();
      PoolStatistics end = pool.statistics();
      assertThat(List.of(end.pendingTasks(), end.activeTasks(), (long) end.workersBusy()))
          .as("pending, active, busy after close: %s", end)
          .containsOnly(0L);
    }

    private static boolean isIdle(Pool pool) {
      PoolStatistics now = pool.statistics();
      return now.workersBusy() == 0 && now.pendingTasks() == 0 && now.activeTasks() == 0;
    }

    private List<String> poolThreads() {
      List<String> names = new ArrayList<>();
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().contains(context.poolNamePrefix())) {
          names.add(thread.getName());
        }
      }
      return names;
    }

    private List<String> children() {
      Set<Long> workers = kept.workers();
      return ProcessHandle.current()
          .children()
          .filter(child -> !workers.contains(child.pid()))
          .map(child -> child.pid() + " " + child.info())
          .toList();
    }

    private interface Leftovers {
      List<String> find();
    }

    private static void awaitNone(String what, Leftovers leftovers) {
      await()
          .atMost(Times.LONG)
          .untilAsserted(
              () -> assertThat(leftovers.find()).as("%s after the test", what).isEmpty());
    }

    private static String dump() {
      StringBuilder dump = new StringBuilder();
      for (ThreadInfo info : ManagementFactory.getThreadMXBean().dumpAllThreads(true, true)) {
        dump.append(info);
      }
      return dump.toString();
    }

    private static void delete(Path directory) throws IOException {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
