// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.ipc.OutOfMemoryMark;
import io.procpool.ipc.memory.Session;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts JVMs, or finds spares in their place; and what else is done to a process. Safe for use by multiple threads. */
public final class JvmLauncher {
  /** How many bytes a new process can be told without waiting until it reads: a pipe has room for a page at least. */
  public static final int ROOM_BYTES = 4096;

  private static final Logger LOG = LoggerFactory.getLogger(JvmLauncher.class);
  private static final String MAIN_CLASS = "io.procpool.worker.ProcessMain";
  private static final int LONGEST_CLASS_PATH = 32 * 1024;

  private JvmLauncher() {}

  /**
   * A process that has been told its first orders.
   *
   * @param process the process
   * @param stderr what it writes to standard error
   * @param warm whether it was a spare
   */
  public record Started(Process process, InputStream stderr, boolean warm) {}

  /**
   * Starts a JVM, or adopts a spare, and tells it something. Blocks if that is more than {@link #ROOM_BYTES} until it reads; whether it
   * does cannot be told from the outcome.
   *
   * @throws IOException if no process can be started
   */
  public static Started start(JvmShape shape, ClassArchive archive, byte[] orders)
      throws IOException {
    Started spare = Spares.adopt(shape, orders);
    if (spare != null) {
      return spare;
    }
    Process process = spawn(shape, archive);
    try {
      tell(process, orders);
    } catch (IOException exitedAlready) {
      // Its exit says more than this.
    }
    return new Started(process, process.getErrorStream(), false);
  }

  /** Writes to the standard input of a process. */
  public static void tell(Process process, byte[] orders) throws IOException {
    OutputStream stdin = process.getOutputStream();
    stdin.write(orders);
    stdin.flush();
  }

  static Process spawn(JvmShape shape, ClassArchive archive) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command(shape, archive));
    if (shape.workingDirectory() != null) {
      builder.directory(shape.workingDirectory().toFile());
    }
    builder.environment().putAll(shape.environment());
    Strays.mark(builder.environment());
    builder.redirectOutput(
        switch (shape.stdout()) {
          case INHERIT -> ProcessBuilder.Redirect.INHERIT;
          case DISCARD -> ProcessBuilder.Redirect.DISCARD;
          case PIPE -> ProcessBuilder.Redirect.PIPE;
        });
    return builder.start();
  }

  private static List<String> command(JvmShape shape, ClassArchive archive) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(shape.java().toString());
    command.addAll(archive.jvmFlags());
    GivenFlags given = GivenFlags.of(shape.jvmArgs(), shape.environment());
    if (!given.nameCollector()) {
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
    command.addAll(shape.inheritedFlags());
    if (shape.processors() > 0 && !given.nameProcessors()) {
      command.add("-XX:ActiveProcessorCount=" + shape.processors());
    }
    String mark = OutOfMemoryMark.command(Session.current().path());
    if (!mark.isEmpty() && !given.sayWhatFollowsOutOfMemory()) {
      command.add("-XX:OnOutOfMemoryError=" + mark);
    }
    if (shape.maxHeapBytes() > 0) {
      command.add("-Xmx" + shape.maxHeapBytes());
    }
    command.addAll(shape.jvmArgs());
    String path = shape.classPath().text();
    if (path.length() > LONGEST_CLASS_PATH) {
      command.add("@" + argumentFile(path));
    } else {
      command.add("-cp");
      command.add(path);
    }
    command.add(MAIN_CLASS);
    return command;
  }

  /** The file lies in the session, under a name that tells what is in it. */
  private static Path argumentFile(String path) throws IOException {
    String text = "-cp\n\"" + path.replace("\\", "\\\\").replace("\"", "\\\"") + "\"\n";
    UUID digest = UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8));
    Path file = Path.of(Session.current().path()).resolve("class-path-" + digest);
    if (!Files.exists(file)) {
      Path written = Files.createTempFile(file.getParent(), "class-path-", ".new");
      Files.writeString(written, text);
      Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
    }
    return file;
  }

  /** Waits until a process has exited; not to be interrupted. In a thread of its own: the JDK's way to be told runs in a pool that user code may occupy. */
  public static int awaitExit(Process process) {
    while (true) {
      try {
        return process.waitFor();
      } catch (InterruptedException stray) {
        // Nobody here interrupts this thread.
      }
    }
  }

  /** Takes all that a stream has, whatever becomes of it; a sink that fails gets nothing more. */
  public static void copy(InputStream from, OutputSink... to) {
    byte[] buffer = new byte[8192];
    List<OutputSink> usable = new ArrayList<>(List.of(to));
    try (from) {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        int length = n;
        // The stream must go on being read, or its writer hangs.
        usable.removeIf(sink -> !succeeds(() -> sink.write(buffer, length)));
      }
    } catch (IOException closed) {
      // The process is gone.
    }
    for (OutputSink sink : usable) {
      succeeds(sink::end);
    }
  }

  private static boolean succeeds(Runnable step) {
    try {
      step.run();
      return true;
    } catch (RuntimeException | Error sinkBroken) {
      LOG.warn(
          "output of a process is dropped from here on, because its destination has failed",
          sinkBroken);
      return false;
    }
  }

  /** Kills a process and its descendants, which a task may have started, also those that are no longer known as such; does not wait. */
  public static void killFamily(Process process) {
    String mark = killTree(process);
    if (mark == null) {
      return;
    }
    try {
      LaunchThreads.execute(() -> Strays.kill(process, mark));
    } catch (OutOfMemoryError noThread) {
      Strays.kill(process, mark);
    }
  }

  /** As {@link #killFamily(Process)}, of several at once; returns when all are gone, after two seconds for each at the latest. */
  public static void killFamilies(Collection<Process> processes) {
    Map<Process, String> marks = new LinkedHashMap<>();
    for (Process process : processes) {
      String mark = killTree(process);
      if (mark != null) {
        marks.put(process, mark);
      }
    }
    marks.forEach(Strays::kill);
  }

  /** Kills a process and those descendants that can be seen; returns its mark. */
  private static @Nullable String killTree(Process process) {
    List<ProcessHandle> family = List.of();
    String mark = null;
    try {
      mark = Strays.markOf(process.pid());
      if (hasChildren(process.pid())) {
        family = process.descendants().toList();
      }
    } finally {
      process.destroyForcibly(); // whatever hindered the search
    }
    for (ProcessHandle descendant : family) {
      descendant.destroyForcibly();
    }
    return mark;
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
}
