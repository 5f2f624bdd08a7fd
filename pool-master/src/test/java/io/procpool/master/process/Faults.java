// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.TaskFunction;
import io.procpool.ipc.memory.Session;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** What the fault tests share: times, journals and gates that reach into workers, and the checks of the invariants. */
public final class Faults {
  static {
    Awaitility.setDefaultPollDelay(Duration.ZERO);
    Awaitility.setDefaultPollInterval(Duration.ofMillis(2));
  }

  private static final double SCALE =
      Double.parseDouble(System.getProperty("procpool.test.timeScale", "1"));

  /** A timeout that is meant to run out, and how long a test watches for what must not happen. */
  public static final Duration SHORT = scaled(Duration.ofMillis(200));

  /** The deadline for what must happen. */
  public static final Duration LONG = scaled(Duration.ofSeconds(30));

  /** Prefix of the names of all pools of these tests, and so of their threads. */
  public static final String PREFIX = "fault-";

  private static final Path MEMORY = Path.of("/dev/shm");
  private static final Path BASE =
      Files.isDirectory(MEMORY) ? MEMORY : Path.of(System.getProperty("java.io.tmpdir"));
  private static final String OWN_SESSIONS = "io.procpool.sessions";

  private Faults() {}

  private static Duration scaled(Duration time) {
    return Duration.ofNanos((long) (time.toNanos() * SCALE));
  }

  public static PoolOptions.Builder options(String name) {
    return PoolOptions.builder()
        .name(PREFIX + name)
        .workers(2)
        .gracePeriod(SHORT)
        .workerStdout(PoolOptions.WorkerStream.DISCARD)
        .workerStderr(PoolOptions.WorkerStream.DISCARD);
  }

  public static ConditionFactory awaitLong(String what) {
    return await(what).atMost(LONG);
  }

  /** Waits for the failure of a task; fails if it has a value. */
  public static Throwable failureOf(AsyncResult<?> result) throws Exception {
    try {
      Object value = result.get(LONG.toMillis(), TimeUnit.MILLISECONDS);
      throw new AssertionError(result + " has the value " + value + " (expected: a failure)");
    } catch (ExecutionException e) {
      return e.getCause();
    } catch (CancellationException e) {
      return e;
    }
  }

  public static <T> T valueOf(AsyncResult<T> result) throws Exception {
    return result.get(LONG.toMillis(), TimeUnit.MILLISECONDS);
  }

  public static long pid() {
    return ProcessHandle.current().pid();
  }

  /** Tells whether a process runs; one that has ended and waits for its parent, which may be slow, does not. */
  public static boolean isAlive(long pid) {
    if (!ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)) {
      return false;
    }
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      char state = stat.charAt(stat.lastIndexOf(')') + 2);
      return state != 'Z' && state != 'X';
    } catch (IOException goneOrNoLinux) {
      return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }
  }

  /** Tells whether all threads of a process are stopped; each stops for itself, some time after the signal. */
  public static boolean isSuspended(long pid) throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads.toList()) {
        String stat = Files.readString(thread.resolve("stat"));
        if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') {
          return false;
        }
      }
    }
    return true;
  }

  /** Sends a signal to a process that a test has started. */
  public static void signal(String signal, long pid) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
    assertThat(kill.waitFor()).as("kill -%s %d", signal, pid).isZero();
  }

  /** I4: the pool works, and is back at its full number of workers. */
  public static void awaitFull(Pool pool) {
    awaitFull(pool, pool.options().workers());
  }

  static void awaitFull(Pool pool, int workers) {
    awaitLong("pool at full size").untilAsserted(() -> {
      PoolStatistics now = pool.statistics();
      assertThat(now.workersReady()).as("%s", now).isEqualTo(workers);
    });
  }

  /** I1: every accepted task is accounted for exactly once. */
  static void assertBalanced(Pool pool, long accepted) {
    assertBalanced(pool, null, accepted);
  }

  static void assertBalanced(Pool pool, PoolStatistics before, long accepted) {
    PoolStatistics now = pool.statistics();
    assertThat(ended(now) - (before == null ? 0 : ended(before)))
        .as("completed + lost + cancelled of %s", now)
        .isEqualTo(accepted);
    assertThat(now.pendingTasks() + now.activeTasks())
        .as("unfinished of %s", now)
        .isZero();
  }

  private static long ended(PoolStatistics statistics) {
    return statistics.completedTasks() + statistics.lostTasks() + statistics.cancelledTasks();
  }

  /** I3: no process, thread or session of a closed pool is left. */
  public static void assertNothingLeft() {
    awaitLong("nothing left").untilAsserted(() -> {
      assertThat(children()).as("child processes").isEmpty();
      assertThat(poolThreads()).as("threads of pools").isEmpty();
    });
    assertThat(poolSessions()).as("sessions of pools of this process").isEmpty();
  }

  static List<String> children() {
    return ProcessHandle.current()
        .children()
        .filter(ProcessHandle::isAlive)
        .map(child -> child.pid() + " " + child.info())
        .toList();
  }

  static List<String> poolThreads() {
    List<String> names = new ArrayList<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith(PREFIX)) {
        names.add(thread.getName());
      }
    }
    return names;
  }

  /** Returns the session directories of pools; that of the shared memory stays as long as the process. */
  static List<Path> poolSessions() {
    List<Path> sessions = ownSessions();
    sessions.remove(Path.of(Session.current().path()));
    return sessions;
  }

  /** Returns the session directories this process has now. */
  static List<Path> ownSessions() {
    List<Path> sessions = new ArrayList<>();
    for (String name : System.getProperty(OWN_SESSIONS, "").split(" ")) {
      if (!name.isEmpty()) {
        sessions.add(BASE.resolve(name));
      }
    }
    return sessions;
  }

  /** Of several pools all but this one have left no session. */
  static void assertSessionsOnlyOf(Pool pool) {
    assertThat(poolSessions()).as("sessions while only %s is open", pool).hasSize(1);
  }

  /** A list of lines in a file, to which tasks in any process add. Safe for use by multiple threads and processes. */
  record Journal(String path) implements Serializable {
    static Journal in(Path directory) throws IOException {
      return new Journal(
          Files.createTempDirectory(directory, "journal").resolve("lines").toString());
    }

    void add(Object line) {
      try (FileOutputStream out = new FileOutputStream(path, true)) {
        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    List<String> lines() {
      try {
        return Files.readString(Path.of(path)).lines().toList();
      } catch (NoSuchFileException e) {
        return List.of();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    List<String> awaitLines(int count) {
      awaitLong(count + " lines in " + path).until(() -> lines().size() >= count);
      return lines();
    }

    long awaitPid() {
      return Long.parseLong(awaitLines(1).get(0));
    }
  }

  /** Holds tasks, in any process, until it is opened. Safe for use by multiple threads and processes. */
  record Gate(String path, Journal entered) implements Serializable {
    private static final long POLL_MILLIS = 1;

    static Gate in(Path directory) throws IOException {
      return new Gate(
          Files.createTempDirectory(directory, "gate").resolve("open").toString(),
          Journal.in(directory));
    }

    /** Notes the pid and waits, whatever interrupts come. */
    void pass() {
      entered.add(pid());
      while (!isOpen()) {
        try {
          Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException ignored) {
          // That is what it is for.
        }
      }
    }

    boolean isOpen() {
      return Files.exists(Path.of(path));
    }

    void open() {
      try {
        Files.writeString(Path.of(path), "");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Other tasks, running beside the fault: each must have its value. */
  static final class Bystanders {
    private static final TaskFunction<Integer, Integer> WORK = n -> {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(2);
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      return n * n;
    };

    private final Pool pool;
    private final List<AsyncResult<Integer>> results = new ArrayList<>();

    Bystanders(Pool pool) {
      this.pool = pool;
    }

    void submit(int count) {
      for (int i = 0; i < count; i++) {
        results.add(pool.applyAsync(WORK, results.size()));
      }
    }

    int count() {
      return results.size();
    }

    void check() throws Exception {
      for (int i = 0; i < results.size(); i++) {
        assertThat(valueOf(results.get(i))).isEqualTo(i * i);
      }
    }
  }
}
