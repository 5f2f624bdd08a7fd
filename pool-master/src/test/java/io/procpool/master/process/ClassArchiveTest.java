// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.master.launch.ClassArchive;
import io.procpool.master.launch.JvmClassPath;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The class-data archive: whatever happens to its file, workers start, and a good one is made again. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class ClassArchiveTest {
  private static final String CACHE = "procpool.cache.dir";
  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
  private static final String FLAG = "-XX:SharedArchiveFile=";

  @TempDir
  Path directory;

  private String configured;
  private Path cache;

  @BeforeEach
  void redirectCache() {
    configured = System.getProperty(CACHE);
    cache = directory.resolve("cache");
    System.setProperty(CACHE, cache.toString());
  }

  @AfterEach
  void restoreCache() {
    if (configured == null) {
      System.clearProperty(CACHE);
    } else {
      System.setProperty(CACHE, configured);
    }
    assertThat(Faults.children()).isEmpty();
  }

  /** The jars a worker starts with; folders, as builds have them, are packed. */
  private List<Path> jars() throws IOException {
    List<Path> jars = new ArrayList<>();
    for (Path entry : JvmClassPath.of(List.of()).procpool()) {
      jars.add(
          Files.isDirectory(entry)
              ? pack(entry, directory.resolve("jar-" + jars.size() + ".jar"))
              : entry);
    }
    return jars;
  }

  private static Path pack(Path folder, Path jar) throws IOException {
    if (Files.exists(jar)) {
      return jar;
    }
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file);
        Stream<Path> files = Files.walk(folder)) {
      for (Path each : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(folder.relativize(each).toString().replace('\\', '/')));
        Files.copy(each, out);
        out.closeEntry();
      }
    }
    return jar;
  }

  private Path made(List<Path> jars) {
    ClassArchive archive = ClassArchive.of(JAVA, jars);
    archive.prepare();
    archive.close();
    return used(archive);
  }

  private static Path used(ClassArchive archive) {
    return archive.jvmFlags().stream()
        .filter(flag -> flag.startsWith(FLAG))
        .map(flag -> Path.of(flag.substring(FLAG.length())))
        .findFirst()
        .orElse(null);
  }

  private List<String> cached() throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** A damaged file is removed and made again; a whole one is used as it is; other jars have a file of their own. */
  @Test
  void archive_damaged_isRemovedAndRemade() throws Exception {
    List<Path> jars = jars();
    Path first = made(jars);
    assertThat(first).isNotNull().exists();
    assertThat(cached()).containsExactly(first.getFileName().toString());
    Object inode = Files.getAttribute(first, "unix:ino");
    assertThat(made(jars)).isEqualTo(first);
    assertThat(Files.getAttribute(first, "unix:ino")).isEqualTo(inode);

    // Under a name that this process has not verified before, as another process would find it.
    String name = first.getFileName().toString();
    Path damaged =
        first.resolveSibling(name.replaceAll("-[0-9a-f]+-[0-9a-f]+[.]jsa$", "-bad-1.jsa"));
    Files.move(first, damaged);
    try (RandomAccessFile file = new RandomAccessFile(damaged.toFile(), "rw")) {
      file.seek(file.length() / 2);
      file.write(new byte[4096]);
    }
    Path second = made(jars);
    assertThat(second).isNotNull().exists();
    assertThat(damaged).doesNotExist();

    List<Path> others = new ArrayList<>(jars);
    Path changed = directory.resolve("changed.jar");
    Files.copy(jars.get(0), changed);
    others.set(0, changed);
    Path third = made(others);
    assertThat(third).isNotNull().isNotEqualTo(second);
    assertThat(cached()).hasSize(2);
  }

  /** Several that make it at the same time get in nobody's way and leave one file. */
  @Test
  void archive_madeConcurrently_isMadeOnce() throws Exception {
    List<Path> jars = jars();
    List<ClassArchive> archives = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      archives.add(ClassArchive.of(JAVA, jars));
    }
    archives.forEach(ClassArchive::prepare);
    archives.forEach(archive -> archive.close());
    assertThat(cached()).hasSize(1).allMatch(name -> name.endsWith(".jsa"));
  }

  /** Of what lies in the cache directory only old files of our own are removed. */
  @Test
  void archive_made_removesOldFilesOfItsOwn() throws Exception {
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path target = Files.writeString(elsewhere.resolve("file"), "");
    List<Path> old = new ArrayList<>();
    for (String name : List.of("training-notes", "training-4711")) {
      old.add(Files.createDirectories(cache.resolve(name)));
    }
    Files.createSymbolicLink(cache.resolve("training-4712"), elsewhere);
    for (String name : List.of("my.jsa", "worker-0a-1b-2c.jsa", "training-4713")) {
      old.add(Files.writeString(cache.resolve(name), ""));
    }
    old.add(elsewhere);
    for (Path path : old) {
      Files.setLastModifiedTime(path, FileTime.from(Instant.now().minus(Duration.ofDays(60))));
    }
    assertThat(made(jars())).isNotNull();
    assertThat(cached())
        .hasSize(5)
        .contains("training-notes", "training-4712", "my.jsa", "training-4713");
    assertThat(target).exists();
  }

  /** A cache that cannot be written costs the archive and nothing else. */
  @Test
  void archive_cacheNotWritable_isDoneWithout() throws Exception {
    Files.writeString(cache, "a file where the folder should be");
    assertThat(made(jars())).isNull();
    try (Pool pool = Pool.open(Faults.options("no-cache").build())) {
      assertThat(Faults.valueOf(pool.submit(() -> 1))).isEqualTo(1);
    }
  }

  /** A class path longer than a command line goes through an argument file. */
  @Test
  void open_longClassPath_works() throws Exception {
    List<Path> many = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      many.add(Files.createDirectory(
          directory.resolve("a folder \\ with \" a long name " + "x".repeat(100) + i)));
    }
    PoolOptions options = Faults.options("long-path").classPath(many).build();
    try (Pool pool = Pool.open(options)) {
      String last = many.get(many.size() - 1).toString();
      assertThat(Faults.valueOf(
              pool.submit(() -> System.getProperty("java.class.path").endsWith(last))))
          .isEqualTo(true);
    }
    Faults.assertNothingLeft();
  }

  /** The portable transport does the same as the native one. */
  @Test
  void transport_nio_runsTasksAndSurvivesACrash() throws Exception {
    Process master = new ProcessBuilder(
            JAVA.toString(),
            "-Xmx64m",
            "-Dprocpool.transport=nio",
            "-cp",
            System.getProperty("java.class.path"),
            NioMaster.class.getName())
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("output").toFile())
        .start();
    try {
      assertThat(master.waitFor(Faults.LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
      String output = Files.readString(directory.resolve("output"));
      assertThat(master.exitValue()).as(output).isZero();
      assertThat(output).as("the event loop's complaints").doesNotContain("selector loop");
    } finally {
      master.destroyForcibly();
    }
  }

  /** Runs tasks, one of which ends its worker, over the transport that the system property names. */
  static final class NioMaster {
    private NioMaster() {}

    public static void main(String[] arguments) throws Exception {
      try (Pool pool = Pool.open(Faults.options("nio").build())) {
        Faults.Bystanders bystanders = new Faults.Bystanders(pool);
        bystanders.submit(200);
        Faults.failureOf(pool.submit(() -> Runtime.getRuntime().halt(1)));
        bystanders.submit(200);
        bystanders.check();
        Faults.awaitFull(pool);
      }
      Faults.assertNothingLeft();
      System.exit(0);
    }
  }
}
