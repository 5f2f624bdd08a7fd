// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** How a {@link ChildProcess} is set up. Made with {@link #builder()}; immutable; safe for use by multiple threads. */
public final class ChildOptions {
  /** The largest number of bytes that are kept of a captured stream. */
  public static final int MAX_CAPTURE_BYTES = 1 << 30;

  /** Where an output stream of a child goes. */
  public enum Stream {
    /** To the same stream of this process. */
    INHERIT,
    /** Into the memory of this process, where the last of it is kept: {@link ChildProcess#stdout()}, {@link ChildProcess#stderr()}. */
    CAPTURE,
    /**
     * To the same stream of this process, each line as a whole and after the child's name in brackets. A line of more than 64 KiB is broken, its further pieces
     * have {@code [name +]} before them, and a last one without an end gets one.
     */
    TAG,
    /** Nowhere. */
    DISCARD
  }

  private final Builder values;

  private ChildOptions(Builder values) {
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

  /** Returns the name of the child, as it stands in messages. */
  public String name() {
    return Objects.requireNonNull(values.name);
  }

  /** Tells whether the child is terminated at the normal end of this process, instead of being waited for. */
  public boolean isDaemon() {
    return values.daemon;
  }

  /** Returns the maximum heap in bytes; zero leaves it to the child's JVM. */
  public long maxHeapBytes() {
    return values.maxHeapBytes;
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

  /** Returns the time the task, and then the shutdown hooks, have to end when the child is terminated. */
  public Duration gracePeriod() {
    return values.gracePeriod;
  }

  /** Returns where standard output goes. */
  public Stream stdout() {
    return values.stdout;
  }

  /** Returns where standard error goes. */
  public Stream stderr() {
    return values.stderr;
  }

  /** Returns how many bytes are kept of a captured stream. */
  public int captureBytes() {
    return values.captureBytes;
  }

  @Override
  public String toString() {
    return "ChildOptions[" + name() + (isDaemon() ? ", daemon]" : "]");
  }

  /**
   * Collects options. A bad argument fails in the setter.
   *
   * <table>
   * <caption>Defaults</caption>
   * <tr><th>option</th><th>default</th></tr>
   * <tr><td>name</td><td>child-1, child-2, …</td></tr>
   * <tr><td>daemon</td><td>false</td></tr>
   * <tr><td>maxHeapBytes</td><td>zero: as the JVM chooses</td></tr>
   * <tr><td>gracePeriod</td><td>2 s</td></tr>
   * <tr><td>stdout, stderr</td><td>{@link Stream#INHERIT}</td></tr>
   * <tr><td>captureBytes</td><td>1 MiB of each captured stream</td></tr>
   * </table>
   *
   * <p>Not safe for use by multiple threads.
   */
  public static final class Builder {
    private static final AtomicLong NEXT_NAME = new AtomicLong(1);

    private @Nullable String name;
    private boolean daemon;
    private long maxHeapBytes;
    private List<String> jvmArgs = List.of();
    private Map<String, String> environment = Map.of();
    private @Nullable Path workingDirectory;
    private List<Path> classPath = List.of();
    private @Nullable Path javaExecutable;
    private Duration gracePeriod = Duration.ofSeconds(2);
    private Stream stdout = Stream.INHERIT;
    private Stream stderr = Stream.INHERIT;
    private int captureBytes = 1 << 20;

    private Builder() {}

    private Builder(Builder from) {
      name = from.name;
      daemon = from.daemon;
      maxHeapBytes = from.maxHeapBytes;
      jvmArgs = from.jvmArgs;
      environment = from.environment;
      workingDirectory = from.workingDirectory;
      classPath = from.classPath;
      javaExecutable = from.javaExecutable;
      gracePeriod = from.gracePeriod;
      stdout = from.stdout;
      stderr = from.stderr;
      captureBytes = from.captureBytes;
    }

    /** Sets the name: not empty, letters, digits and {@code .-_} only. Several children may have the same. */
    public Builder name(String name) {
      this.name = OptionChecks.name(name);
      return this;
    }

    /** Sets whether the child is terminated at the normal end of this process, instead of being waited for. */
    public Builder daemon(boolean daemon) {
      this.daemon = daemon;
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

    /** Sets what stands on the class path behind that of this process: jars and class folders. A child, unlike the workers of a pool, gets classes from nowhere else. */
    public Builder classPath(List<Path> classPath) {
      this.classPath = OptionChecks.classPath(classPath);
      return this;
    }

    /** Sets the {@code java} program: of a JDK or JRE of version 17 or later. */
    public Builder javaExecutable(Path javaExecutable) {
      this.javaExecutable = javaExecutable.toAbsolutePath();
      return this;
    }

    /** Sets the time the task, and then the shutdown hooks, have to end when the child is terminated. Zero kills at once. */
    public Builder gracePeriod(Duration gracePeriod) {
      this.gracePeriod = OptionChecks.nonNegative("gracePeriod", gracePeriod);
      return this;
    }

    /** Sets where standard output goes. */
    public Builder stdout(Stream stdout) {
      this.stdout = Objects.requireNonNull(stdout, "stdout");
      return this;
    }

    /** Sets where standard error goes. */
    public Builder stderr(Stream stderr) {
      this.stderr = Objects.requireNonNull(stderr, "stderr");
      return this;
    }

    /** Sets how many bytes are kept of each captured stream, the last ones: 1 to {@value ChildOptions#MAX_CAPTURE_BYTES}. */
    public Builder captureBytes(int captureBytes) {
      this.captureBytes = OptionChecks.inRange("captureBytes", captureBytes, 1, MAX_CAPTURE_BYTES);
      return this;
    }

    /** Returns the options. Each call without a name takes the next of the default names. */
    public ChildOptions build() {
      Builder copy = new Builder(this);
      if (copy.name == null) {
        copy.name = "child-" + NEXT_NAME.getAndIncrement();
      }
      return new ChildOptions(copy);
    }
  }
}
