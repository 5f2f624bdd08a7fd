// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.ipc.SessionDirectory;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The class-data archive with which workers start faster. It is made once for a JDK and a set of procpool jars, in the
 * background, by a JVM that plays master and worker with itself, and kept in the user's cache directory. Its name carries its
 * checksum: a damaged one is removed and made again, one for another JDK or other jars has another name. Without an archive
 * workers only start more slowly, so nothing here is an error. Safe for use by multiple threads.
 */
public final class ClassArchive {
  private static final Logger LOG = LoggerFactory.getLogger(ClassArchive.class);
  private static final String TRAINING_CLASS = "io.procpool.worker.Training";
  private static final int FIRST_VERSION_WITH_AOT_LOGS = 24;
  private static final String TRAINING_PREFIX = "training-";
  private static final Pattern TRAINING_NAME = Pattern.compile(TRAINING_PREFIX + "[0-9]+");
  private static final Pattern ARCHIVE_NAME =
      Pattern.compile("worker-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+[.]jsa");
  private static final long TRAINING_SECONDS = 60;
  private static final long UNUSED_DAYS = 30;
  private static final Map<Path, Boolean> VERIFIED = new ConcurrentHashMap<>();

  // Closing a second descriptor of a lock file would drop the lock of the first.
  private static final Set<Path> MAKING = ConcurrentHashMap.newKeySet();

  // By the java program: the jars are always the same.
  private static final Map<Path, ClassArchive> SHARED = new ConcurrentHashMap<>();

  private final Path java;
  private final List<Path> jars;
  private final int javaVersion;
  private final @Nullable Path directory;
  private final String key;
  private volatile @Nullable Path archive;
  private @Nullable Thread maker; // guarded by this
  private @Nullable Process training; // guarded by this
  private boolean closed; // guarded by this

  private ClassArchive(
      Path java, List<Path> jars, int javaVersion, @Nullable Path directory, String key) {
    this.java = java;
    this.jars = jars;
    this.javaVersion = javaVersion;
    this.directory = directory;
    this.key = key;
  }

  /** Finds out where the archive for a {@code java} program and some jars is, or would be. */
  public static ClassArchive of(Path java, List<Path> jars) {
    String release = release(java);
    int version = release.isEmpty() ? 0 : Runtime.Version.parse(release).feature();
    CRC32C sum = new CRC32C();
    boolean usable = version > 0;
    StringBuilder identity = new StringBuilder(java + "\n" + release + "\n");
    for (Path jar : jars) {
      usable &= Files.isRegularFile(jar);
      identity
          .append(jar)
          .append(' ')
          .append(jar.toFile().length())
          .append(' ')
          .append(jar.toFile().lastModified());
    }
    byte[] bytes = identity.toString().getBytes(StandardCharsets.UTF_8);
    sum.update(bytes);
    String key = Long.toHexString(sum.getValue())
        + Integer.toHexString(identity.toString().hashCode());
    return new ClassArchive(java, jars, version, usable ? cacheDirectory() : null, key);
  }

  /** Returns the version of a JDK, or nothing if that cannot be told without running it. */
  private static String release(Path java) {
    if (java.equals(Path.of(System.getProperty("java.home"), "bin", "java"))) {
      return System.getProperty("java.version");
    }
    Properties properties = new Properties();
    try {
      Path release = java.toRealPath().resolve("../../release").normalize();
      try (var reader = Files.newBufferedReader(release)) {
        properties.load(reader);
      }
    } catch (IOException unknown) {
      return "";
    }
    String version = properties.getProperty("JAVA_VERSION", "").replace("\"", "");
    return version.matches("[1-9][0-9]*([.+-].*)?") ? version : "";
  }

  /** Returns where archives are kept. */
  public static Path cacheDirectory() {
    String configured = System.getProperty("procpool.cache.dir");
    if (configured != null) {
      return Path.of(configured).toAbsolutePath();
    }
    String cache = System.getenv("XDG_CACHE_HOME");
    return cache != null && !cache.isEmpty()
        ? Path.of(cache, "procpool")
        : Path.of(System.getProperty("user.home"), ".cache", "procpool");
  }

  /** Returns the feature version of the workers' JDK, or 0 if it is not known. */
  public int javaVersion() {
    return javaVersion;
  }

  /** Returns the archive for a shape, which is prepared when it is first asked for. This process does not end normally while it is being made; else training ends with it. */
  public static ClassArchive shared(JvmShape shape) {
    ClassArchive known = SHARED.get(shape.java());
    if (known == null) {
      ClassArchive made = of(shape.java(), shape.classPath().procpool());
      known = SHARED.putIfAbsent(shape.java(), made);
      if (known == null) {
        made.prepare(false);
        return made;
      }
    }
    known.lookAgain();
    return known;
  }

  /** Another process may have made it in the meantime. */
  private void lookAgain() {
    if (archive == null && directory != null) {
      archive = find(directory);
    }
  }

  /** Finds the archive, or begins to make it. */
  public void prepare() {
    prepare(true);
  }

  private void prepare(boolean inDaemon) {
    if (directory == null) {
      return;
    }
    archive = find(directory);
    if (archive == null) {
      synchronized (this) {
        maker = new Thread(() -> make(directory), "procpool-class-archive");
        maker.setDaemon(inDaemon);
        maker.start();
      }
    }
  }

  /** Returns the flags with which a JVM uses the archive, as far as there is one now. */
  public List<String> jvmFlags() {
    List<String> flags = new ArrayList<>();
    Path found = archive;
    flags.add("-Xshare:auto");
    if (found != null) {
      flags.add("-XX:SharedArchiveFile=" + found);
      flags.add("-Xlog:cds*=off");
      if (javaVersion >= FIRST_VERSION_WITH_AOT_LOGS) {
        flags.add("-Xlog:aot*=off");
      }
    }
    return flags;
  }

  private @Nullable Path find(Path in) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(in, "worker-" + key + "-*.jsa")) {
      for (Path file : files) {
        if (VERIFIED.computeIfAbsent(file, ClassArchive::isWhole)) {
          file.toFile().setLastModified(System.currentTimeMillis()); // in use
          return file;
        }
        VERIFIED.remove(file);
        Files.deleteIfExists(file);
      }
    } catch (IOException noDirectory) {
      // Then it is made, if it can be.
    }
    return null;
  }

  private static boolean isWhole(Path file) {
    try {
      return file.getFileName().toString().endsWith("-" + checksum(file) + ".jsa");
    } catch (IOException | RuntimeException unreadable) {
      return false;
    }
  }

  private static String checksum(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      MappedByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      CRC32C sum = new CRC32C();
      sum.update(bytes);
      return Long.toHexString(sum.getValue()) + "-" + Long.toHexString(channel.size());
    }
  }

  private void make(Path in) {
    Path lockPath = in.resolve("worker-" + key + ".lock");
    if (!MAKING.add(lockPath)) {
      return;
    }
    try {
      Files.createDirectories(in);
      try (RandomAccessFile lockFile = new RandomAccessFile(lockPath.toFile(), "rw");
          FileLock lock = lockFile.getChannel().tryLock()) {
        if (lock != null) {
          try {
            if (find(in) == null) {
              removeOld(in, lockPath);
              train(in);
            }
          } finally {
            // By its holder only: a third maker would find no lock beside the second one's.
            Files.deleteIfExists(lockPath);
          }
        }
      }
    } catch (IOException | OverlappingFileLockException e) {
      LOG.debug("no class-data archive: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      MAKING.remove(lockPath);
    }
  }

  /** Removes what killed masters have left, and archives that nobody has used for long; nothing else that lies there. */
  private static void removeOld(Path in, Path ours) throws IOException {
    long now = System.currentTimeMillis();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(in)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        long age = now - file.toFile().lastModified();
        if (TRAINING_NAME.matcher(name).matches()
            && age > 2 * TimeUnit.SECONDS.toMillis(TRAINING_SECONDS)
            && SessionDirectory.isDirectoryOfSameOwner(file, ours)) {
          SessionDirectory.delete(file.toFile());
        } else if (ARCHIVE_NAME.matcher(name).matches()
            && age > TimeUnit.DAYS.toMillis(UNUSED_DAYS)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private void train(Path in) throws IOException, InterruptedException {
    Path work = Files.createTempDirectory(in, TRAINING_PREFIX);
    try {
      Path made = work.resolve("worker.jsa");
      StringBuilder classPath = new StringBuilder();
      for (Path jar : jars) {
        classPath.append(classPath.length() == 0 ? "" : File.pathSeparator).append(jar);
      }
      List<String> command = new ArrayList<>(List.of(
          java.toString(),
          "-XX:ArchiveClassesAtExit=" + made,
          "-XX:+UseSerialGC",
          "-XX:-UsePerfData",
          "-cp",
          classPath.toString(),
          TRAINING_CLASS,
          work.toString()));
      if (javaVersion >= FIRST_VERSION_WITH_AOT_LOGS) {
        command.add(1, "--sun-misc-unsafe-memory-access=allow");
      }
      Process process;
      synchronized (this) {
        if (closed) {
          return;
        }
        process = new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
        training = process;
      }
      // Its standard input stays open: the end of that tells it that this JVM is gone.
      if (!process.waitFor(TRAINING_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      if (process.waitFor() == 0 && Files.isRegularFile(made)) {
        Path target = in.resolve("worker-" + key + "-" + checksum(made) + ".jsa");
        Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
        VERIFIED.put(target, true);
        archive = target;
      }
    } finally {
      SessionDirectory.delete(work.toFile());
    }
  }

  /** Gives up making the archive; does not wait. */
  public synchronized void abandon() {
    closed = true;
    if (training != null) {
      training.destroyForcibly();
    }
  }

  /** Waits for the archive if it is being made; not for long if it was {@linkplain #abandon given up}. */
  public void close() {
    Thread running;
    synchronized (this) {
      running = maker;
    }
    if (running != null) {
      try {
        running.join(TimeUnit.SECONDS.toMillis(TRAINING_SECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
