// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.ChildOptions;
import io.procpool.PoolOptions;
import io.procpool.SpareOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What decides how a JVM is started, but for what it is told afterwards: one can take the place of another of an equal shape. Immutable.
 *
 * @param processors how many CPUs it shall count on; zero: all
 * @param waiter how its threads shall sleep; null if that is not said
 * @param maxDepth how deep processes may be nested; null if that is not said
 */
public record JvmShape(
    Path java,
    long maxHeapBytes,
    int processors,
    List<String> jvmArgs,
    Map<String, String> environment,
    @Nullable Path workingDirectory,
    JvmClassPath classPath,
    Stdout stdout,
    @Nullable String waiter,
    @Nullable String maxDepth) {
  private static final String WAITER_PROPERTY = "procpool.waiter";

  // The port is the system's choice. The agent would print it to standard output, which is the
  // user's: it is read from where the agent also notes it.
  private static final List<String> DEBUGGER_FLAGS = List.of(
      "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,quiet=y,address=127.0.0.1:0",
      "--add-exports=java.base/jdk.internal.vm=ALL-UNNAMED");

  /** Where standard output goes; standard error always comes to this process. */
  public enum Stdout {
    INHERIT,
    PIPE,
    DISCARD
  }

  /**
   * Returns the shape of a pool's workers.
   *
   * @param maxHeapBytes what the budget gives them; zero: what the JVM chooses
   */
  public static JvmShape of(PoolOptions options, long maxHeapBytes) throws IOException {
    return of(
        options.javaExecutable(),
        maxHeapBytes,
        options.processorsPerWorker(),
        jvmArgs(options),
        options.environment(),
        options.workingDirectory(),
        options.classPath(),
        switch (options.workerStdout()) {
          case INHERIT -> Stdout.INHERIT;
          case STDERR, TAG, TAG_STDERR, LOG, FILE -> Stdout.PIPE;
          case DISCARD -> Stdout.DISCARD;
        });
  }

  private static List<String> jvmArgs(PoolOptions options) {
    if (!options.debugWorkers()) {
      return options.jvmArgs();
    }
    List<String> args = new ArrayList<>(options.jvmArgs());
    args.addAll(DEBUGGER_FLAGS);
    return List.copyOf(args);
  }

  /** Returns the shape of a child. */
  public static JvmShape of(ChildOptions options) throws IOException {
    return of(
        options.javaExecutable(),
        options.maxHeapBytes(),
        0,
        options.jvmArgs(),
        options.environment(),
        options.workingDirectory(),
        options.classPath(),
        stdout(options.stdout()));
  }

  /** Returns the shape of spares. */
  public static JvmShape of(SpareOptions options) throws IOException {
    return of(
        options.javaExecutable(),
        options.maxHeapBytes(),
        options.processors(),
        options.jvmArgs(),
        options.environment(),
        options.workingDirectory(),
        options.classPath(),
        stdout(options.stdout()));
  }

  private static Stdout stdout(ChildOptions.Stream stream) {
    return switch (stream) {
      case INHERIT -> Stdout.INHERIT;
      case CAPTURE, TAG -> Stdout.PIPE;
      case DISCARD -> Stdout.DISCARD;
    };
  }

  private static JvmShape of(
      Optional<Path> java,
      long maxHeapBytes,
      int processors,
      List<String> jvmArgs,
      Map<String, String> environment,
      Optional<Path> workingDirectory,
      List<Path> classPath,
      Stdout stdout)
      throws IOException {
    return new JvmShape(
        java.orElseGet(JvmShape::ownJava),
        maxHeapBytes,
        processors,
        jvmArgs,
        environment,
        workingDirectory.orElse(null),
        JvmClassPath.of(classPath),
        stdout,
        System.getProperty(WAITER_PROPERTY),
        System.getProperty(Nesting.PROPERTY));
  }

  private static Path ownJava() {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    return Path.of(System.getProperty("java.home"), "bin", windows ? "java.exe" : "java");
  }

  /** Returns the flags that hand down what was said to this process. */
  List<String> inheritedFlags() {
    List<String> flags = new ArrayList<>();
    if (waiter != null) {
      flags.add("-D" + WAITER_PROPERTY + "=" + waiter);
    }
    if (maxDepth != null) {
      flags.add("-D" + Nesting.PROPERTY + "=" + maxDepth);
    }
    return flags;
  }
}
