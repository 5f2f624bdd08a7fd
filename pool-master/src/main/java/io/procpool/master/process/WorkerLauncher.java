// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import io.procpool.ipc.memory.Session;
import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.Launch;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Starts and ends the processes of workers, outside the event loop. Safe for use by multiple threads. */
final class WorkerLauncher {
  private static final String MAIN_CLASS = "io.procpool.worker.WorkerMain";
  private static final String WAITER_PROPERTY = "procpool.waiter";
  private static final int LONGEST_CLASS_PATH = 32 * 1024;
  private static final Pattern COLLECTOR = Pattern.compile("-XX:\\+Use\\w*GC\\b");

  private final PoolOptions options;
  private final Path session;
  private final Path socket;
  private final WorkerClassPath classPath;
  private final ClassArchive archive;
  private final ExecutorService threads;
  private final Set<Process> processes = ConcurrentHashMap.newKeySet();
  private volatile boolean ending;

  WorkerLauncher(PoolOptions options, Path session, Path socket) throws IOException {
    this.options = options;
    this.session = session;
    this.socket = socket;
    this.classPath = WorkerClassPath.of(options.classPath());
    this.archive = ClassArchive.of(java(), classPath.procpool());
    archive.prepare();
    this.threads = Executors.newCachedThreadPool(runnable -> {
      Thread thread = new Thread(runnable, options.name() + "-launcher");
      thread.setDaemon(true);
      return thread;
    });
  }

  /**
   * Spawns a worker. In other threads: calls {@code launched} and later {@code exited} and, after the last output, {@code
   * stderrEnded}; or {@code failed} alone, in the calling thread if there can be no other.
   */
  void launch(
      Worker worker,
      Consumer<Process> launched,
      IntConsumer exited,
      Consumer<Throwable> failed,
      Runnable stderrEnded) {
    try {
      threads.execute(() -> {
        Process process;
        try {
          process = spawn(worker);
        } catch (Throwable e) {
          failed.accept(e);
          return;
        }
        launched.accept(process);
        try {
          threads.execute(() -> exited.accept(awaitExit(process)));
        } catch (OutOfMemoryError noThread) {
          process.destroyForcibly();
          exited.accept(awaitExit(process));
        }
        copyStderr(worker, process);
        stderrEnded.run();
      });
    } catch (OutOfMemoryError noThread) {
      failed.accept(noThread);
    }
  }

  /** In a thread of its own: the JDK's way to be told runs in a pool that user code may occupy. */
  private int awaitExit(Process process) {
    while (true) {
      try {
        int value = process.waitFor();
        processes.remove(process);
        return value;
      } catch (InterruptedException stray) {
        // Nobody here interrupts this thread.
      }
    }
  }

  private Path java() {
    return options
        .javaExecutable()
        .orElse(Path.of(System.getProperty("java.home"), "bin", isWindows() ? "java.exe" : "java"));
  }

  private static boolean isWindows() {
    return System.getProperty("os.name").startsWith("Windows");
  }

  private Process spawn(Worker worker) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command());
    options.workingDirectory().ifPresent(directory -> builder.directory(directory.toFile()));
    builder.environment().putAll(options.environment());
    builder.redirectOutput(
        switch (options.workerStdout()) {
          case INHERIT -> ProcessBuilder.Redirect.INHERIT;
          case DISCARD -> ProcessBuilder.Redirect.DISCARD;
          case STDERR -> ProcessBuilder.Redirect.PIPE;
        });
    Process process = builder.start();
    processes.add(process);
    if (ending) {
      process.destroyForcibly();
    }
    try {
      if (options.workerStdout() == PoolOptions.WorkerStream.STDERR) {
        threads.execute(() -> copy(process.getInputStream(), System.err, null));
      }
    } catch (OutOfMemoryError noThread) {
      process.destroyForcibly();
      processes.remove(process);
      throw noThread;
    }
    try (OutputStream stdin = process.getOutputStream()) {
      FieldWriter message = new FieldWriter();
      launchMessage(worker).writeTo(message);
      stdin.write(message.array(), 0, message.length());
    } catch (IOException exitedAlready) {
      // Its exit says more than this.
    }
    return process;
  }

  private Launch launchMessage(Worker worker) {
    return new Launch(
        worker.key,
        worker.number,
        worker.name,
        socket.toString(),
        worker.lease().path().toString(),
        session.toString(),
        Session.current().path());
  }

  private List<String> command() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java().toString());
    command.addAll(archive.jvmFlags());
    if (!choosesCollector()) {
      command.add("-XX:+UseSerialGC");
    }
    command.add("-XX:-UsePerfData");
    // A loop without calls must not keep the JVM from ending when the master is gone.
    command.add("-XX:+UseCountedLoopSafepoints");
    command.add("-XX:LoopStripMiningIter=1000");
    if (archive.javaVersion() >= 24) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    if (archive.javaVersion() >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    String waiter = System.getProperty(WAITER_PROPERTY);
    if (waiter != null) {
      command.add("-D" + WAITER_PROPERTY + "=" + waiter);
    }
    if (options.maxHeapBytes() > 0) {
      command.add("-Xmx" + options.maxHeapBytes());
    }
    command.addAll(options.jvmArgs());
    String path = classPath.text();
    if (path.length() > LONGEST_CLASS_PATH) {
      command.add("@" + argumentFile(path));
    } else {
      command.add("-cp");
      command.add(path);
    }
    command.add(MAIN_CLASS);
    return command;
  }

  /** Tells whether the user has named a garbage collector; the JVM refuses two. */
  private boolean choosesCollector() {
    StringBuilder flags = new StringBuilder(String.join(" ", options.jvmArgs()));
    for (String variable :
        new String[] {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}) {
      flags
          .append(' ')
          .append(options
              .environment()
              .getOrDefault(variable, Objects.requireNonNullElse(System.getenv(variable), "")));
    }
    return COLLECTOR.matcher(flags).find();
  }

  private synchronized Path argumentFile(String path) throws IOException {
    Path file = session.resolve("class-path");
    if (!Files.exists(file)) {
      Path written = session.resolve("class-path.new");
      Files.writeString(
          written, "-cp\n\"" + path.replace("\\", "\\\\").replace("\"", "\\\"") + "\"\n");
      Files.move(written, file);
    }
    return file;
  }

  private void copyStderr(Worker worker, Process process) {
    copy(
        process.getErrorStream(),
        options.workerStderr() == PoolOptions.WorkerStream.DISCARD ? null : System.err,
        worker.stderr);
  }

  private static void copy(InputStream from, @Nullable PrintStream to, @Nullable StderrTail tail) {
    byte[] buffer = new byte[8192];
    try (from) {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        if (tail != null) {
          tail.add(buffer, n);
        }
        if (to != null) {
          to.write(buffer, 0, n);
          to.flush();
        }
      }
    } catch (IOException closed) {
      // The process is gone.
    }
  }

  /** Kills a process and its descendants, which a task may have started; does not wait. */
  void kill(Process process) {
    try {
      threads.execute(() -> killFamily(process));
    } catch (OutOfMemoryError noThread) {
      process.destroyForcibly();
    }
  }

  private static void killFamily(Process process) {
    List<ProcessHandle> family =
        hasChildren(process.pid()) ? process.descendants().toList() : List.of();
    process.destroyForcibly();
    for (ProcessHandle descendant : family) {
      descendant.destroyForcibly();
    }
  }

  /** Tells whether a process may have children; a quick look that saves a search through all processes. */
  private static boolean hasChildren(long pid) {
    File[] tasks = new File("/proc/" + pid + "/task").listFiles();
    if (tasks == null) {
      return true;
    }
    for (File task : tasks) {
      try (FileInputStream children = new FileInputStream(new File(task, "children"))) {
        if (children.read() >= 0) {
          return true;
        }
      } catch (IOException endedOrUnknown) {
        if (task.exists()) {
          return true;
        }
      }
    }
    return false;
  }

  /** Kills all processes that are alive, with their descendants, and lets no other begin; for the end of this JVM. */
  void killAll() {
    ending = true;
    for (Process process : processes) {
      killFamily(process);
    }
    archive.abandon();
  }

  /** Gives up the archive if it is being made; any thread. */
  void abandonArchive() {
    archive.abandon();
  }

  /** Makes sure that nothing started here is left, and lets the threads end. */
  void close() {
    archive.close();
    threads.shutdown();
  }
}
