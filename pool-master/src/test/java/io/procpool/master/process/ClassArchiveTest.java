// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.procpool.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The class-data archive is made once, found again, and no trouble when it cannot be used. */
class ClassArchiveTest {
  private static final String CACHE_PROPERTY = "procpool.cache.dir";

  @TempDir
  Path cache;

  private String before = "";

  @BeforeEach
  void useOwnCache() throws IOException {
    assumeThat(WorkerClassPath.of(List.of()).procpool())
        .as("an archive can be made of jars only, and this build runs on class folders")
        .allMatch(Files::isRegularFile);
    before = System.getProperty(CACHE_PROPERTY, "");
    System.setProperty(CACHE_PROPERTY, cache.toString());
  }

  @AfterEach
  void useFormerCache() {
    System.setProperty(CACHE_PROPERTY, before);
  }

  private static String run() throws InterruptedException {
    try (Pool pool = Pool.ofWorkers(1)) {
      return pool.apply(
          () -> String.join(" ", Files.readString(Path.of("/proc/self/cmdline")).split("\0")));
    }
  }

  private List<Path> archives() throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.toList();
    }
  }

  @Test
  void open_noArchive_isMadeAndUsedByTheNextPool() throws Exception {
    assertThat(run()).doesNotContain("SharedArchiveFile");
    assertThat(archives()).singleElement().asString().endsWith(".jsa");
    assertThat(run()).contains("-XX:SharedArchiveFile=" + archives().get(0));
    assertThat(archives()).hasSize(1);
  }

  @Test
  void open_damagedArchive_isRemovedAndMadeAgain() throws Exception {
    run();
    Path whole = archives().get(0);
    Path damaged = whole.resolveSibling(
        whole.getFileName().toString().replaceFirst("-[0-9a-f]+-([0-9a-f]+)\\.jsa", "-0-$1.jsa"));
    byte[] bytes = Files.readAllBytes(whole);
    bytes[bytes.length / 2] ^= 1;
    Files.delete(whole);
    Files.write(damaged, bytes);
    assertThat(run()).doesNotContain("SharedArchiveFile");
    assertThat(archives()).singleElement().isNotEqualTo(damaged);
    assertThat(run()).contains("-XX:SharedArchiveFile=" + archives().get(0));
  }

  @Test
  void open_cacheCannotBeWritten_runsWithoutArchive() throws Exception {
    Path file = Files.writeString(cache.resolve("a-file"), "in the way");
    System.setProperty(CACHE_PROPERTY, file.toString());
    assertThat(run()).doesNotContain("SharedArchiveFile");
    assertThat(file).hasContent("in the way");
  }
}
