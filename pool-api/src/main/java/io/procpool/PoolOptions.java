// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Pool} is set up. Made with {@link #builder()}; immutable; safe for use by multiple threads.
 *
 * <p>What a backend cannot honour is refused by {@link Pool#open(PoolOptions)} with the reason, never ignored.
 */
public final class PoolOptions {
  /** The largest number of workers of one pool. */
  public static final int MAX_WORKERS = 512;

  /** The name of the default backend: worker processes. */
  public static final String PROCESSES = "processes";

  /** The name of the backend that runs tasks in threads of this process. */
  public static final String THREADS = "threads";

  /** The name of the backend that runs each task in the thread that submits it. */
  public static final String INLINE = "inline";

  /** What happens to a submission when the pool is full. */
  public enum Overflow {
    /** The submission fails with a {@link java.util.concurrent.RejectedExecutionException}. */
    REJECT,
    /**
     * The submitting thread waits until there is room, for {@link Builder#overflowTimeout overflowTimeout} at most; those that wait are served in their order, so that none waits for ever
     * because smaller ones pass. The end of the time, an interrupt and the pool's end reject the submission. Refused by
     * the backend {@code inline}, where a task that submits another would wait for its own end.
     */
    BLOCK
  }

  /**
   * Where an output stream of the workers goes. In any case the last 16 KiB of standard error are kept for the message of a crash, and a storm of output delays only who writes it: no
   * more than 64 KiB of it are in the memory of the master. What does not go on, because nobody reads the master's stream or its logging blocks, makes the worker wait in its write,
   * where the limits of its task end it.
   *
   * <p>Lines of more than 64 KiB are broken, between two characters if they are UTF-8, and the further pieces marked; a last line without an end gets one. Of which task a line is cannot
   * be told, because the streams belong to the whole process.
   */
  public enum WorkerStream {
    /** To the same stream of the master, byte by byte. */
    INHERIT,
    /** To the standard error stream of the master, byte by byte. */
    STDERR,
    /** To the same stream of the master, each line as a whole, after the names of pool and worker: {@code [render/worker-3] text}. */
    TAG,
    /** As {@link #TAG}, to the standard error stream of the master. */
    TAG_STDERR,
    /**
     * To SLF4J in the master, each line as a message: standard output to the logger {@code procpool.worker.stdout} with level INFO, standard error to {@code procpool.worker.stderr} with
     * level WARN; the MDC has {@code procpool.pool}, {@code procpool.worker} and {@code procpool.pid}.
     */
    LOG,
    /**
     * To the end of the {@linkplain Builder#workerOutputFile file}, each line as a whole, after the names of pool, worker and stream: {@code [render/worker-3 err] text}. What the file does
     * not take, because the disk is full, is dropped and counted, and the file says so when it takes something again.
     */
    FILE,
    /** Nowhere. */
    DISCARD
  }

  /** Whether the memory of the machine, or of the control group, is looked at. */
  public enum Memory {
    /**
     * All pools of this process share what there is, less a reserve for this process. A pool whose {@link Builder#maxHeapBytes maxHeapBytes} is not set gives its workers a heap out of
     * what is left; one that would be above the rest is refused with the arithmetic.
     */
    BUDGETED,
    /** The pool takes nothing from the common budget: a heap that is not set is as the JVM chooses, and sums are not checked. */
    UNBUDGETED
  }

  private final Builder values;

  private PoolOptions(Builder values) {
    this.values = values;
  }

  /** Returns a builder with all defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder that holds these options, for a variation. */
  public Builder toBuilder() {
    return new Builder(values);
  }

  /** Returns the name of the backend. */
  public String backend() {
    return values.backend;
  }

  /** Returns the name of the pool, as it stands in messages, events and thread names. */
  public String name() {
    return Objects.requireNonNull(values.name);
  }

  /** Returns the number of workers; the largest, where it is not fixed. {@link Pool#resize(int, int)} does not change it. */
  public int workers() {
    return values.workers;
  }

  /** Returns the smallest number of workers; that of {@link #workers()}, where it is fixed. */
  public int minWorkers() {
    return values.minWorkers;
  }

  /** Returns how long a worker above the smallest number may have nothing to do before it is retired. */
  public Duration idleTimeout() {
    return values.idleTimeout;
  }

  /** Returns the options of tasks that are submitted without others. */
  public TaskOptions taskDefaults() {
    return values.taskDefaults;
  }

  /** Returns when workers are replaced by new ones. */
  public RecyclePolicy recycling() {
    return values.recycling;
  }

  /** Returns the number of spares that the pool keeps for its workers. */
  public int spares() {
    return values.spares;
  }

  /** Returns what each worker runs before its first task. */
  public Optional<RunnableTask> initializer() {
    return Optional.ofNullable(values.initializer);
  }

  /** Returns what each worker runs after its last task. */
  public Optional<RunnableTask> finalizer() {
    return Optional.ofNullable(values.finalizer);
  }

  /** Returns the time a worker has from its spawn until it is ready, initializer included. */
  public Duration startTimeout() {
    return values.startTimeout;
  }

  /** Returns the number of failed starts in a row after which waiting tasks are failed with the reason. */
  public int maxStartAttempts() {
    return values.maxStartAttempts;
  }

  /** Returns the time a task or worker has to end politely before it is killed. */
  public Duration gracePeriod() {
    return values.gracePeriod;
  }

  /** Returns the number of accepted, unfinished tasks above which the pool is full. */
  public int maxPendingTasks() {
    return values.maxPendingTasks;
  }

  /** Returns the number of bytes of accepted, unfinished, encoded tasks above which the pool is full. */
  public long maxPendingBytes() {
    return values.maxPendingBytes;
  }

  /** Returns what happens to a submission when the pool is full. */
  public Overflow overflow() {
    return values.overflow;
  }

  /** Returns how long a submission waits for room with {@link Overflow#BLOCK}; empty means without end. */
  public Optional<Duration> overflowTimeout() {
    return Optional.ofNullable(values.overflowTimeout);
  }

  /** Returns how many tasks may wait inside a worker behind the running one. */
  public int prefetch() {
    return values.prefetch;
  }

  /** Returns the maximum heap of each worker in bytes; zero leaves it to the {@link #memory()} budget. */
  public long maxHeapBytes() {
    return values.maxHeapBytes;
  }

  /** Returns whether the pool shares the memory of the machine with others. */
  public Memory memory() {
    return values.memory;
  }

  /** Returns the number of CPUs that the JVM of each worker counts on: its share of those this process may use, rounded up. */
  public int processorsPerWorker() {
    int processors = Runtime.getRuntime().availableProcessors();
    return (processors + workers() - 1) / workers();
  }

  /** Returns the further JVM flags of the workers. */
  public List<String> jvmArgs() {
    return values.jvmArgs;
  }

  /** Returns what is set in the workers' environment beside what they inherit. */
  public Map<String, String> environment() {
    return values.environment;
  }

  /** Returns the working directory of the workers; empty means the master's. */
  public Optional<Path> workingDirectory() {
    return Optional.ofNullable(values.workingDirectory);
  }

  /** Returns what stands on the workers' class path behind the master's own class path. */
  public List<Path> classPath() {
    return values.classPath;
  }

  /** Returns the {@code java} program that runs the workers; empty means the master's own. */
  public Optional<Path> javaExecutable() {
    return Optional.ofNullable(values.javaExecutable);
  }

  /** Returns where the workers' standard output goes. */
  public WorkerStream workerStdout() {
    return values.workerStdout;
  }

  /** Returns where the workers' standard error goes. */
  public WorkerStream workerStderr() {
    return values.workerStderr;
  }

  /** Returns the file to which output of the workers is appended. */
  public Optional<Path> workerOutputFile() {
    return Optional.ofNullable(values.workerOutputFile);
  }

  /** Returns what harm the pool does to its workers; empty: none. */
  public Optional<Chaos> chaos() {
    return Optional.ofNullable(values.chaos);
  }

  /** Returns the least level of what workers log that is forwarded to this process. */
  public System.Logger.Level workerLogs() {
    return values.workerLogs;
  }

  /** Returns whether a debugger can be attached to each worker. */
  public boolean debugWorkers() {
    return values.debugWorkers;
  }

  /** Returns who is told of the pool's events. */
  public List<PoolListener> listeners() {
    return values.listeners;
  }

  @Override
  public String toString() {
    return "PoolOptions[" + name() + ", " + backend() + ", workers="
        + (minWorkers() == workers() ? "" : minWorkers() + " to ") + workers() + "]";
  }

  /**
   * Collects options. A bad argument fails in the setter, a bad combination in {@link #build()}.
   *
   * <table>
   * <caption>Defaults</caption>
   * <tr><th>option</th><th>default</th></tr>
   * <tr><td>backend</td><td>{@value PoolOptions#PROCESSES}</td></tr>
   * <tr><td>name</td><td>pool-1, pool-2, …</td></tr>
   * <tr><td>workers</td><td>the CPUs this process may use (control groups respected), at most 512</td></tr>
   * <tr><td>taskDefaults</td><td>{@link TaskOptions#defaults()}: no limits</td></tr>
   * <tr><td>idleTimeout</td><td>60 s</td></tr>
   * <tr><td>recycling</td><td>{@link RecyclePolicy#never()}</td></tr>
   * <tr><td>spares</td><td>0</td></tr>
   * <tr><td>startTimeout</td><td>30 s</td></tr>
   * <tr><td>maxStartAttempts</td><td>5</td></tr>
   * <tr><td>gracePeriod</td><td>2 s</td></tr>
   * <tr><td>maxPendingTasks, maxPendingBytes</td><td>no limit</td></tr>
   * <tr><td>overflow</td><td>{@link Overflow#REJECT}</td></tr>
   * <tr><td>overflowTimeout</td><td>none: a submission waits without end</td></tr>
   * <tr><td>prefetch</td><td>16 tasks</td></tr>
   * <tr><td>memory</td><td>{@link Memory#BUDGETED}</td></tr>
   * <tr><td>maxHeapBytes</td><td>zero: dealt out of the budget</td></tr>
   * <tr><td>workerStdout, workerStderr</td><td>{@link WorkerStream#INHERIT}</td></tr>
   * <tr><td>workerLogs</td><td>OFF: workers log as they are configured</td></tr>
   * <tr><td>debugWorkers</td><td>false</td></tr>
   * </table>
   *
   * <p>Not safe for use by multiple threads.
   */
  public static final class Builder {
    private static final AtomicInteger NEXT_NAME = new AtomicInteger(1);

    private String backend = PROCESSES;
    private @Nullable String name;
    private int workers = Math.min(MAX_WORKERS, Runtime.getRuntime().availableProcessors());
    private TaskOptions taskDefaults = TaskOptions.defaults();
    private int minWorkers = workers;
    private Duration idleTimeout = Duration.ofSeconds(60);
    private RecyclePolicy recycling = RecyclePolicy.never();
    private int spares;
    private @Nullable RunnableTask initializer;
    private @Nullable RunnableTask finalizer;
    private Duration startTimeout = Duration.ofSeconds(30);
    private int maxStartAttempts = 5;
    private Duration gracePeriod = Duration.ofSeconds(2);
    private int maxPendingTasks = Integer.MAX_VALUE;
    private long maxPendingBytes = Long.MAX_VALUE;
    private Overflow overflow = Overflow.REJECT;
    private @Nullable Duration overflowTimeout;
    private int prefetch = 16;
    private long maxHeapBytes;
    private Memory memory = Memory.BUDGETED;
    private List<String> jvmArgs = List.of();
    private Map<String, String> environment = Map.of();
    private @Nullable Path workingDirectory;
    private List<Path> classPath = List.of();
    private @Nullable Path javaExecutable;
    private WorkerStream workerStdout = WorkerStream.INHERIT;
    private WorkerStream workerStderr = WorkerStream.INHERIT;
    private @Nullable Path workerOutputFile;
    private @Nullable Chaos chaos;
    private System.Logger.Level workerLogs = System.Logger.Level.OFF;
    private boolean debugWorkers;
    private List<PoolListener> listeners = List.of();

    private Builder() {}

    private Builder(Builder from) {
      backend = from.backend;
      name = from.name;
      workers = from.workers;
      taskDefaults = from.taskDefaults;
      minWorkers = from.minWorkers;
      idleTimeout = from.idleTimeout;
      recycling = from.recycling;
      spares = from.spares;
      initializer = from.initializer;
      finalizer = from.finalizer;
      startTimeout = from.startTimeout;
      maxStartAttempts = from.maxStartAttempts;
      gracePeriod = from.gracePeriod;
      maxPendingTasks = from.maxPendingTasks;
      maxPendingBytes = from.maxPendingBytes;
      overflow = from.overflow;
      overflowTimeout = from.overflowTimeout;
      prefetch = from.prefetch;
      maxHeapBytes = from.maxHeapBytes;
      memory = from.memory;
      jvmArgs = from.jvmArgs;
      environment = from.environment;
      workingDirectory = from.workingDirectory;
      classPath = from.classPath;
      javaExecutable = from.javaExecutable;
      workerStdout = from.workerStdout;
      workerStderr = from.workerStderr;
      workerOutputFile = from.workerOutputFile;
      chaos = from.chaos;
      workerLogs = from.workerLogs;
      debugWorkers = from.debugWorkers;
      listeners = from.listeners;
    }

    /** Sets the backend by its name: {@code processes}, {@code threads}, {@code inline}, or one found on the class path. */
    public Builder backend(String backend) {
      this.backend = Objects.requireNonNull(backend, "backend");
      return this;
    }

    /** Sets the pool's name: not empty, letters, digits and {@code .-_} only. */
    public Builder name(String name) {
      this.name = OptionChecks.name(name);
      return this;
    }

    /** Sets the number of workers, 1 to {@value PoolOptions#MAX_WORKERS}. */
    public Builder workers(int workers) {
      this.workers = OptionChecks.inRange("workers", workers, 1, MAX_WORKERS);
      this.minWorkers = workers;
      return this;
    }

    /**
     * Sets the smallest and the largest number of workers: 0 or more, and 1 to {@value PoolOptions#MAX_WORKERS}. The pool begins with the smallest number, adds workers when work waits
     * for some milliseconds, and retires those that have had nothing to do for the {@link #idleTimeout}.
     */
    public Builder workers(int min, int max) {
      OptionChecks.workers(min, max);
      this.minWorkers = min;
      this.workers = max;
      return this;
    }

    /** Sets how long a worker above the smallest number may have nothing to do before it is retired: more than zero; it may take a quarter longer. */
    public Builder idleTimeout(Duration idleTimeout) {
      this.idleTimeout = OptionChecks.positive("idleTimeout", idleTimeout);
      return this;
    }

    /** Sets the options of tasks, such as their run timeout, for all that are submitted without others; see {@link Pool#with(TaskOptions)}. */
    public Builder taskDefaults(TaskOptions taskDefaults) {
      this.taskDefaults = Objects.requireNonNull(taskDefaults, "taskDefaults");
      return this;
    }

    /** Sets when workers are replaced by new ones: by tasks, age or memory. */
    public Builder recycling(RecyclePolicy recycling) {
      this.recycling = Objects.requireNonNull(recycling, "recycling");
      return this;
    }

    /**
     * Sets the number of spares, 0 to {@value SpareOptions#MAX_SPARES}: workers that are ready, their {@link #initializer} has run, but get no task before another worker has been
     * killed, has crashed, is recycled, or is needed for more work. It is replaced within milliseconds then. Each spare takes memory, as a worker that is idle does, and counts in the
     * budget; they are started once the pool has its workers, are replaced by new ones when they die, and have a {@link #finalizer}, too. They end with the pool.
     */
    public Builder spares(int spares) {
      this.spares = OptionChecks.inRange("spares", spares, 0, SpareOptions.MAX_SPARES);
      return this;
    }

    /**
     * Sets what each worker runs before its first task, and each of the {@link #spares} ahead. A worker whose initializer fails counts as one that cannot start:
     * it is tried again {@link #maxStartAttempts} times, then the waiting tasks fail with the reason.
     */
    public Builder initializer(RunnableTask initializer) {
      this.initializer = Objects.requireNonNull(initializer, "initializer");
      return this;
    }

    /**
     * Sets what each worker that ends as planned runs after its last task: when it is recycled, retired as idle or by a resize, or the pool is closed; not in one that is killed or crashes. It has
     * the {@link #gracePeriod} to end, then its worker is ended. A failure is logged, and told to listeners; nobody else is hurt. With {@code threads} it cannot be ended: see the
     * documentation of backends.
     */
    public Builder finalizer(RunnableTask finalizer) {
      this.finalizer = Objects.requireNonNull(finalizer, "finalizer");
      return this;
    }

    /** Sets the time a worker has from its spawn until it is ready, initializer included. More than zero. */
    public Builder startTimeout(Duration startTimeout) {
      this.startTimeout = OptionChecks.positive("startTimeout", startTimeout);
      return this;
    }

    /** Sets the number of failed starts in a row after which waiting tasks are failed with the reason, 1 to 1000. */
    public Builder maxStartAttempts(int maxStartAttempts) {
      this.maxStartAttempts = OptionChecks.inRange("maxStartAttempts", maxStartAttempts, 1, 1000);
      return this;
    }

    /** Sets the time a task or worker has to end politely before it is killed. Zero kills at once. */
    public Builder gracePeriod(Duration gracePeriod) {
      this.gracePeriod = OptionChecks.nonNegative("gracePeriod", gracePeriod);
      return this;
    }

    /** Sets the number of accepted, unfinished tasks above which the pool is full, 1 or more. */
    public Builder maxPendingTasks(int maxPendingTasks) {
      this.maxPendingTasks =
          OptionChecks.inRange("maxPendingTasks", maxPendingTasks, 1, Integer.MAX_VALUE);
      return this;
    }

    /**
     * Sets the number of bytes of accepted, unfinished, encoded tasks above which the pool is full, 1 or more. One task
     * larger than that is accepted when the pool is empty.
     */
    public Builder maxPendingBytes(long maxPendingBytes) {
      if (maxPendingBytes < 1) {
        throw new IllegalArgumentException(
            "maxPendingBytes: " + maxPendingBytes + " (expected: 1 or more)");
      }
      this.maxPendingBytes = maxPendingBytes;
      return this;
    }

    /** Sets what happens to a submission when the pool is full. */
    public Builder overflow(Overflow overflow) {
      this.overflow = Objects.requireNonNull(overflow, "overflow");
      return this;
    }

    /** Sets how long a submission waits for room with {@link Overflow#BLOCK} before it is rejected. More than zero. */
    public Builder overflowTimeout(Duration overflowTimeout) {
      this.overflowTimeout = OptionChecks.positive("overflowTimeout", overflowTimeout);
      return this;
    }

    /**
     * Sets how many tasks may wait inside a worker behind the running one, 0 to 48. They hide the round trip to the master
     * and are taken back as soon as another worker has nothing to do.
     */
    public Builder prefetch(int prefetch) {
      this.prefetch = OptionChecks.inRange("prefetch", prefetch, 0, 48);
      return this;
    }

    /** Sets the maximum heap of each worker in bytes: zero for a share of the {@link #memory} budget, else 2 MiB or more. A JVM flag for the heap among the {@link #jvmArgs} wins. */
    public Builder maxHeapBytes(long maxHeapBytes) {
      this.maxHeapBytes = OptionChecks.maxHeapBytes(maxHeapBytes);
      return this;
    }

    /** Sets whether the pool shares the memory of the machine with the other pools of this process. */
    public Builder memory(Memory memory) {
      this.memory = Objects.requireNonNull(memory, "memory");
      return this;
    }

    /** Sets further JVM flags of the workers, each starting with a dash, such as {@code -Xss4m}. */
    public Builder jvmArgs(List<String> jvmArgs) {
      this.jvmArgs = OptionChecks.jvmArgs(jvmArgs);
      return this;
    }

    /** Sets variables of the workers' environment, beside those they inherit from the master. */
    public Builder environment(Map<String, String> environment) {
      this.environment = OptionChecks.environment(environment);
      return this;
    }

    /** Sets the working directory of the workers. */
    public Builder workingDirectory(Path workingDirectory) {
      this.workingDirectory = workingDirectory.toAbsolutePath();
      return this;
    }

    /**
     * Sets what stands on the workers' class path behind the master's own: jars and class folders. What neither has, but the loader of a task or the context class loader of the thread that submits it, is asked for from the master when it is needed.
     */
    public Builder classPath(List<Path> classPath) {
      this.classPath = OptionChecks.classPath(classPath);
      return this;
    }

    /** Sets the {@code java} program that runs the workers: a JDK or JRE of version 17 or later. */
    public Builder javaExecutable(Path javaExecutable) {
      this.javaExecutable = javaExecutable.toAbsolutePath();
      return this;
    }

    /** Sets where the workers' standard output goes. */
    public Builder workerStdout(WorkerStream workerStdout) {
      this.workerStdout = Objects.requireNonNull(workerStdout, "workerStdout");
      return this;
    }

    /** Sets where the workers' standard error goes. */
    public Builder workerStderr(WorkerStream workerStderr) {
      this.workerStderr = Objects.requireNonNull(workerStderr, "workerStderr");
      return this;
    }

    /**
     * Sets the file for streams that go to a {@link WorkerStream#FILE}; it is made when the pool is opened, if there is none, in a directory that exists. Several pools may share one.
     */
    public Builder workerOutputFile(Path workerOutputFile) {
      this.workerOutputFile = workerOutputFile.toAbsolutePath();
      return this;
    }

    /** Has the pool harm its own workers while they run tasks, for tests of jobs. */
    public Builder chaos(Chaos chaos) {
      this.chaos = Objects.requireNonNull(chaos, "chaos");
      return this;
    }

    /**
     * Sets from which level on what user code logs in workers, through SLF4J (2.0.9 or later), {@code java.util.logging} or {@link System.Logger}, is logged here instead: through SLF4J, under
     * the same logger's name, level and message, with its exception, and if that logger has the level in this process. The MDC has what it had in the worker, and {@code procpool.pool},
     * {@code procpool.worker}, {@code procpool.pid}, {@code procpool.task} (the number of the task that ran, also for other threads of the worker), {@code procpool.thread} and {@code procpool.time}.
     * {@code OFF} leaves workers to log as they are configured; {@code ALL} is {@code TRACE}.
     *
     * <p>A record is handed over before the call in the worker returns, so those of a task come before its result, and those before a crash are not lost. Messages above 32 Ki characters
     * are cut, traces have at most 8 causes of 64 lines. If the logging of this process does not keep up, or throws, records are dropped, counted and that is logged; no task waits for it, and the end of the
     * pool a second at most. Loggers are never let go, so when workers have used 10 000 names, or very long ones, the records of further names are logged by one of procpool's, with their name as
     * {@code procpool.logger} in the MDC.
     */
    public Builder workerLogs(System.Logger.Level workerLogs) {
      this.workerLogs = Objects.requireNonNull(workerLogs, "workerLogs");
      return this;
    }

    /**
     * Sets whether each worker listens for a debugger: for one that attaches to a socket, at a port of its own, which the system chooses and {@link WorkerSnapshot#debugPort()} and a line of the
     * log tell before the initializer runs. It does not wait for one. Off by default.
     *
     * <p>The port is open to this machine only, but to all its users, and whoever attaches can run code in the worker. While a debugger holds a worker, time goes on: its limits of time, the
     * {@link #startTimeout} and the {@link #gracePeriod} of the pool's end kill it. So leave limits out, or make them long. A worker that is held at its next task for more than a second gets no
     * further tasks until it goes on; it is not killed for that.
     */
    public Builder debugWorkers(boolean debugWorkers) {
      this.debugWorkers = debugWorkers;
      return this;
    }

    /** Adds one that is told of the pool's events. */
    public Builder listener(PoolListener listener) {
      List<PoolListener> all = new ArrayList<>(listeners);
      all.add(Objects.requireNonNull(listener, "listener"));
      this.listeners = List.copyOf(all);
      return this;
    }

    /**
     * Returns the options.
     *
     * @throws IllegalArgumentException if options contradict each other
     */
    public PoolOptions build() {
      if (overflow == Overflow.BLOCK
          && maxPendingTasks == Integer.MAX_VALUE
          && maxPendingBytes == Long.MAX_VALUE) {
        throw new IllegalArgumentException(
            "overflow=BLOCK has no effect without a limit; set maxPendingTasks or maxPendingBytes");
      }
      boolean toFile = workerStdout == WorkerStream.FILE || workerStderr == WorkerStream.FILE;
      if (toFile && workerOutputFile == null) {
        throw new IllegalArgumentException(
            "workerStdout or workerStderr=FILE needs a file; set workerOutputFile");
      }
      if (!toFile && workerOutputFile != null) {
        throw new IllegalArgumentException("workerOutputFile=" + workerOutputFile
            + " has no effect; set workerStdout or workerStderr to FILE, or leave it out");
      }
      if (overflowTimeout != null && overflow != Overflow.BLOCK) {
        throw new IllegalArgumentException("overflowTimeout=" + overflowTimeout
            + " has no effect with overflow=" + overflow + "; set overflow=BLOCK, or leave it out");
      }
      if (debugWorkers) {
        OptionChecks.noOwnDebugger(jvmArgs, environment);
      }
      Builder copy = new Builder(this);
      if (copy.name == null) {
        copy.name = "pool-" + NEXT_NAME.getAndIncrement();
      }
      return new PoolOptions(copy);
    }
  }
}
