// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.channel.epoll.Epoll;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolOptions.WorkerStream;
import io.procpool.Task;
import io.procpool.ipc.sync.Waiters;
import io.procpool.master.launch.MachineMemory;
import io.procpool.master.launch.MemoryBudget;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pool-master doctor}: what this machine supports. */
@Command(
    name = "doctor",
    header =
        "Says what this machine supports, and what is missing; or which programs are in a deadlock.",
    customSynopsis = "pool-master doctor [--locks] [--json]",
    description = {
      "",
      "Each line is ok, warn (slower or smaller than it could be) or missing (workers cannot run), with the remedy.",
      "Exit status: 0, or 1 if something is missing, or in a deadlock.",
      ""
    },
    sortOptions = false)
final class DoctorCommand implements Callable<Integer> {
  private static final long FEW_FILES = 1024;
  private static final long FEW_PROCESSES = 512;
  private static final long LITTLE_SHARED_MEMORY = 256L << 20;
  private static final long LITTLE_MEMORY = 512L << 20;
  private static final Duration WORKER_PATIENCE = Duration.ofSeconds(30);

  @Option(
      names = "--json",
      description = "Print one JSON object a line: check, state, what, remedy; or cycle.")
  boolean json;

  @Option(
      names = "--locks",
      description =
          "Look for deadlocks in the running programs of this user, and name who waits for whom.")
  boolean locks;

  @Mixin
  ReportFlags reportFlags = new ReportFlags();

  private final Console console;
  private final List<Finding> findings = new ArrayList<>();

  private enum State {
    OK,
    WARN,
    MISSING
  }

  private record Finding(String check, State state, String what, String remedy) {}

  DoctorCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws CommandException {
    if (locks) {
      return new LockReport(console, json).call();
    }
    jdk();
    cpus();
    memory();
    ok(
        "memory budget",
        MemoryBudget.ofProcess().describe(PoolOptions.builder().build().workers()));
    sharedMemory();
    waiter();
    domainSockets();
    epoll();
    transport();
    archiveFolder();
    openFiles();
    processes();
    worker();
    boolean missing = false;
    for (Finding finding : findings) {
      String state = finding.state().name().toLowerCase(Locale.ROOT);
      missing |= finding.state() == State.MISSING;
      console
          .out()
          .append(
              json
                  ? Json.line(Json.object(
                      "check",
                      finding.check(),
                      "state",
                      state,
                      "what",
                      finding.what(),
                      "remedy",
                      finding.remedy().isEmpty() ? null : finding.remedy()))
                  : String.format("%-8s %-16s %s", state, finding.check(), finding.what())
                      + (finding.remedy().isEmpty() ? "" : "; " + finding.remedy()))
          .append('\n');
    }
    return missing ? ExitStatus.SOME_FAILED : ExitStatus.DONE;
  }

  private void ok(String check, String what) {
    findings.add(new Finding(check, State.OK, what, ""));
  }

  private void warn(String check, String what, String remedy) {
    findings.add(new Finding(check, State.WARN, what, remedy));
  }

  private void missing(String check, String what, String remedy) {
    findings.add(new Finding(check, State.MISSING, what, remedy));
  }

  private void jdk() {
    String what = System.getProperty("java.vm.name") + " " + Runtime.version() + " in "
        + System.getProperty("java.home");
    Path java = Path.of(System.getProperty("java.home", ""), "bin", "java");
    Path javaExe = java.resolveSibling("java.exe");
    if (Files.isExecutable(java) || Files.isExecutable(javaExe)) {
      ok("JVM", what);
    } else {
      missing("JVM", what + " has no bin/java to start workers with", "use a whole JDK or JRE");
    }
  }

  private void cpus() {
    int cpus = Runtime.getRuntime().availableProcessors();
    String what = Texts.count(cpus, "CPU") + " for this process: " + Machine.processor();
    if (cpus > 1) {
      ok("CPUs", what);
    } else {
      warn("CPUs", what, "nothing gets faster by workers here; allow more CPUs");
    }
  }

  private void memory() {
    long memory = MachineMemory.bytes();
    OptionalLong limit = MachineMemory.groupLimitBytes();
    boolean limited = limit.isPresent() && limit.getAsLong() <= memory;
    String what = Texts.bytes(memory)
        + (limited ? ", the control group's limit" : ", no control group limit below it");
    if (memory >= LITTLE_MEMORY) {
      ok("memory", what);
    } else {
      warn("memory", what, "few workers fit in; allow more, or give a small --heap");
    }
  }

  private void sharedMemory() {
    Path folder = Path.of("/dev/shm");
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      warn(
          "shared memory",
          "/dev/shm is not there or not writable",
          "mount it; until then files of the temporary folder are used");
      return;
    }
    try {
      long free = Files.getFileStore(folder).getUsableSpace();
      if (free >= LITTLE_SHARED_MEMORY) {
        ok("shared memory", Texts.bytes(free) + " free in /dev/shm");
      } else {
        warn(
            "shared memory",
            Texts.bytes(free) + " free in /dev/shm",
            "make it larger (docker: --shm-size=1g)");
      }
    } catch (IOException e) {
      warn("shared memory", "/dev/shm: " + Texts.failure(e), "check its mount");
    }
  }

  private void waiter() {
    String what = Waiters.describe();
    if (what.startsWith("futex")) {
      ok("waiter", what);
    } else {
      warn("waiter", what, "locks and the like wake up some milliseconds later than they could");
    }
  }

  private void domainSockets() {
    Path folder = null;
    Path socket = null;
    try {
      folder = Files.createTempDirectory("procpool-doctor");
      socket = folder.resolve("socket");
      try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.bind(UnixDomainSocketAddress.of(socket));
        ok("domain sockets", "can be made in " + folder.getParent());
      }
    } catch (IOException | UnsupportedOperationException e) {
      missing(
          "domain sockets",
          "cannot be made: " + Texts.failure(e),
          "make the temporary folder writable, or name a shorter one with -Djava.io.tmpdir");
    } finally {
      delete(socket);
      delete(folder);
    }
  }

  private static void delete(@Nullable Path path) {
    try {
      if (path != null) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // a file of no size in the temporary folder
    }
  }

  private void epoll() {
    if (Epoll.isAvailable()) {
      ok("native epoll", "available");
      return;
    }
    Throwable cause = Epoll.unavailabilityCause();
    warn(
        "native epoll",
        "not available" + (cause == null ? "" : ": " + Texts.failure(cause)),
        "NIO is used in its place; on Linux check that the temporary folder may hold programs (noexec)");
  }

  private void transport() {
    String asked = System.getProperty("procpool.transport");
    if (asked != null && !asked.equals("nio")) {
      warn(
          "transport",
          "procpool.transport is \"" + asked + "\", which is not known",
          "it has no effect; set it to nio, or not at all");
    }
  }

  private void archiveFolder() {
    Path folder = archiveRoot().toAbsolutePath();
    Path existing = folder;
    while (existing != null && !Files.exists(existing, LinkOption.NOFOLLOW_LINKS)) {
      existing = existing.getParent();
    }
    String problem = existing == null ? "there is no " + folder.getRoot() : unwritable(existing);
    if (problem == null) {
      ok("class archive", "kept in " + folder);
    } else {
      warn(
          "class archive",
          folder + " cannot be written (" + problem + ")",
          "workers start slower; make it writable, or set XDG_CACHE_HOME");
    }
  }

  /** Returns why no file can be made in a folder, null if one can: permissions do not tell it all. */
  private static @Nullable String unwritable(Path folder) {
    if (!Files.isDirectory(folder)) {
      return folder + " is not a folder";
    }
    try {
      Files.delete(Files.createTempFile(folder, ".procpool-doctor", null));
      return null;
    } catch (IOException e) {
      return Texts.failure(e);
    }
  }

  private static Path archiveRoot() {
    String own = System.getProperty("procpool.cache.dir");
    if (own != null) {
      return Path.of(own);
    }
    String cache = System.getenv("XDG_CACHE_HOME");
    return cache != null && !cache.isEmpty()
        ? Path.of(cache, "procpool")
        : Path.of(System.getProperty("user.home", "."), ".cache", "procpool");
  }

  private void openFiles() {
    if (!(Machine.operatingSystem() instanceof UnixOperatingSystemMXBean unix)) {
      return;
    }
    long most = unix.getMaxFileDescriptorCount();
    if (most >= FEW_FILES) {
      ok("open files", "up to " + most);
    } else {
      warn("open files", "up to " + most, "raise it with ulimit -n 4096");
    }
  }

  private void processes() {
    for (String line : Machine.lines(Path.of("/proc/self/limits"))) {
      if (!line.startsWith("Max processes")) {
        continue;
      }
      String most = line.substring("Max processes".length()).strip().split("\\s+")[0];
      if (!most.matches("[0-9]{1,18}") || Long.parseLong(most) >= FEW_PROCESSES) {
        ok("processes", "up to " + most + " (threads included)");
      } else {
        warn("processes", "up to " + most + " (threads included)", "raise it with ulimit -u 4096");
      }
    }
  }

  private void worker() {
    long start = System.nanoTime();
    PoolOptions options = PoolOptions.builder()
        .name("doctor")
        .workers(1)
        .startTimeout(WORKER_PATIENCE)
        .maxStartAttempts(1)
        .workerStdout(WorkerStream.STDERR)
        .workerStderr(WorkerStream.DISCARD)
        .build();
    try (Pool pool = Pool.open(options)) {
      int answer = pool.apply((Task<Integer>) () -> 6 * 7);
      double seconds = (System.nanoTime() - start) / 1e9;
      if (answer == 42) {
        ok("worker", "started and ran a task in " + Texts.seconds(seconds));
      } else {
        missing("worker", "answered " + answer + " in the place of 42", "run again with --trace");
      }
    } catch (RuntimeException | LinkageError e) {
      missing("worker", "cannot be started: " + Texts.failure(e), "see what it says");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      missing("worker", "not tried: interrupted", "run again");
    }
  }
}
