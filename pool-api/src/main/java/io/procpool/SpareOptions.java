// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How {@link WarmSpares} are set up. Made with {@link #builder()}; immutable; safe for use by multiple threads. */
public final class SpareOptions {
  /** The largest number of spares of one set. */
  public static final int MAX_SPARES = 512;

  private final Builder values;

  private SpareOptions(Builder values) {
    this.values = values;
  }

  /** Returns a builder with all defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with the JVM options of children, and room for their output. */
  public static Builder forChildren(ChildOptions options) {
    Builder builder = new Builder();
    builder.maxHeapBytes = options.maxHeapBytes();
    builder.jvmArgs = options.jvmArgs();
    builder.environment = options.environment();
    builder.workingDirectory = options.workingDirectory().orElse(null);
    builder.classPath = options.classPath();
    builder.javaExecutable = options.javaExecutable().orElse(null);
    builder.stdout = options.stdout();
    return builder;
  }

  /**
   * Returns a builder with the JVM options of the workers of a pool, and room for their output. Such spares fit pools that name their {@code maxHeapBytes} or are {@link PoolOptions.Memory#UNBUDGETED}; the heap
   * of others depends on what is left, and only the pool itself can keep {@linkplain PoolOptions.Builder#spares spares} for them.
   */
  public static Builder forWorkers(PoolOptions options) {
    Builder builder = new Builder();
    builder.processors = options.processorsPerWorker();
    builder.maxHeapBytes = options.maxHeapBytes();
    builder.jvmArgs = options.jvmArgs();
    builder.environment = options.environment();
    builder.workingDirectory = options.workingDirectory().orElse(null);
    builder.classPath = options.classPath();
    builder.javaExecutable = options.javaExecutable().orElse(null);
    builder.stdout = switch (options.workerStdout()) {
      case INHERIT -> ChildOptions.Stream.INHERIT;
      case STDERR, TAG, TAG_STDERR, LOG, FILE -> ChildOptions.Stream.CAPTURE;
      case DISCARD -> ChildOptions.Stream.DISCARD;
    };
    return builder;
  }

  /** Returns the number of spares that are kept ready. */
  public int count() {
    return values.count;
  }

  /** Returns how long a spare may wait before it is ended; zero means for ever. */
  public Duration maxIdleTime() {
    return values.maxIdleTime;
  }

  /** Returns the maximum heap in bytes; zero leaves it to the child's JVM. */
  public long maxHeapBytes() {
    return values.maxHeapBytes;
  }

  /** Returns the number of CPUs that the JVM counts on; zero means all. */
  public int processors() {
    return values.processors;
  }

  /** Returns the further JVM flags. */
  public List<String> jvmArgs() {
    return values.jvmArgs;
  }

  /** Returns what is set in the environment beside what is inherited. */
  public Map<String, String> environment() {
    return values.environment;
  }

  /** Returns the working directory; empty means that of this process. */
  public Optional<Path> workingDirectory() {
    return Optional.ofNullable(values.workingDirectory);
  }

  /** Returns what stands on the class path behind that of this process. */
  public List<Path> classPath() {
    return values.classPath;
  }

  /** Returns the {@code java} program; empty means that of this process. */
  public Optional<Path> javaExecutable() {
    return Optional.ofNullable(values.javaExecutable);
  }

  /** Returns for which standard output the spares are; {@code CAPTURE} and {@code TAG} are the same here. */
  public ChildOptions.Stream stdout() {
    return values.stdout;
  }

  @Override
  public String toString() {
    return "SpareOptions[count=" + count() + "]";
  }

  /**
   * Collects options. A bad argument fails in the setter.
   *
   * <table>
   * <caption>Defaults</caption>
   * <tr><th>option</th><th>default</th></tr>
   * <tr><td>count</td><td>1</td></tr>
   * <tr><td>maxIdleTime</td><td>zero: for ever</td></tr>
   * <tr><td>maxHeapBytes</td><td>zero: as the JVM chooses</td></tr>
   * <tr><td>stdout</td><td>{@link ChildOptions.Stream#INHERIT}</td></tr>
   * </table>
   *
   * <p>Not safe for use by multiple threads.
   */
  public static final class Builder {
    private int count = 1;
    private Duration maxIdleTime = Duration.ZERO;
    private long maxHeapBytes;
    private int processors; // of the workers of a pool
    private List<String> jvmArgs = List.of();
    private Map<String, String> environment = Map.of();
    private @Nullable Path workingDirectory;
    private List<Path> classPath = List.of();
    private @Nullable Path javaExecutable;
    private ChildOptions.Stream stdout = ChildOptions.Stream.INHERIT;

    private Builder() {}

    private Builder(Builder from) {
      count = from.count;
      maxIdleTime = from.maxIdleTime;
      maxHeapBytes = from.maxHeapBytes;
      processors = from.processors;
      jvmArgs = from.jvmArgs;
      environment = from.environment;
      workingDirectory = from.workingDirectory;
      classPath = from.classPath;
      javaExecutable = from.javaExecutable;
      stdout = from.stdout;
    }

    /** Sets the number of spares, 1 to {@value SpareOptions#MAX_SPARES}. */
    public Builder count(int count) {
      this.count = OptionChecks.inRange("count", count, 1, MAX_SPARES);
      return this;
    }

    /** Sets how long a spare may wait before it is ended; it is replaced when a start could have used it. Zero means for ever. */
    public Builder maxIdleTime(Duration maxIdleTime) {
      this.maxIdleTime = OptionChecks.nonNegative("maxIdleTime", maxIdleTime);
      return this;
    }

    /** Sets the maximum heap in bytes: zero for what the JVM chooses, else 2 MiB or more. */
    public Builder maxHeapBytes(long maxHeapBytes) {
      this.maxHeapBytes = OptionChecks.maxHeapBytes(maxHeapBytes);
      return this;
    }

    /** Sets further JVM flags, each starting with a dash, such as {@code -Xss4m}. */
    public Builder jvmArgs(List<String> jvmArgs) {
      this.jvmArgs = OptionChecks.jvmArgs(jvmArgs);
      return this;
    }

    /** Sets variables of the environment, beside those that are inherited. */
    public Builder environment(Map<String, String> environment) {
      this.environment = OptionChecks.environment(environment);
      return this;
    }

    /** Sets the working directory. */
    public Builder workingDirectory(Path workingDirectory) {
      this.workingDirectory = workingDirectory.toAbsolutePath();
      return this;
    }

    /** Sets what stands on the class path behind that of this process: jars and class folders. */
    public Builder classPath(List<Path> classPath) {
      this.classPath = OptionChecks.classPath(classPath);
      return this;
    }

    /** Sets the {@code java} program: of a JDK or JRE of version 17 or later. */
    public Builder javaExecutable(Path javaExecutable) {
      this.javaExecutable = javaExecutable.toAbsolutePath();
      return this;
    }

    /** Sets for which standard output the spares are; {@code CAPTURE} and {@code TAG} are the same here. */
    public Builder stdout(ChildOptions.Stream stdout) {
      this.stdout = Objects.requireNonNull(stdout, "stdout");
      return this;
    }

    /** Returns the options. */
    public SpareOptions build() {
      return new SpareOptions(new Builder(this));
    }
  }
}
