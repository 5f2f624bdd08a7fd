// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionDirectoryTest {
  private static final FileTime LONG_AGO = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
  private static final int NOBODY = 65534;

  @TempDir
  Path base;

  @TempDir
  Path elsewhere;

  /** What killed processes have left goes: with a lock that nobody holds, or for long without one. */
  @Test
  void create_abandonedSessions_areRemoved() throws Exception {
    Path unlocked = directory("procpool-0123456789abcdef");
    Files.writeString(unlocked.resolve("lock"), "1");
    Files.writeString(Files.createDirectory(unlocked.resolve("below")).resolve("file"), "");
    Path unfinished = directory("procpool-aaaaaaaaaaaaaaaa");
    Files.setLastModifiedTime(unfinished, LONG_AGO);
    Path beginning = directory("procpool-bbbbbbbbbbbbbbbb");
    try (SessionDirectory session = SessionDirectory.create(base)) {
      assertThat(session.path()).isDirectory();
      assertThat(unlocked).doesNotExist();
      assertThat(unfinished).doesNotExist();
      assertThat(beginning).exists();
      try (SessionDirectory other = SessionDirectory.create(base)) {
        assertThat(other.path()).isDirectory();
        assertThat(session.path()).isDirectory();
      }
    }
    assertThat(base).isDirectoryNotContaining(path -> !path.equals(beginning));
  }

  /** What only looks like a session stays, whoever made it. */
  @Test
  void create_foreignFiles_stay() throws Exception {
    Files.writeString(elsewhere.resolve("lock"), "1");
    Path target = Files.writeString(elsewhere.resolve("file"), "");
    for (String name : new String[] {
      "procpool-notes",
      "procpool-0123456789abcde",
      "procpool-0123456789abcdef0",
      "procpool-0123456789ABCDEF",
      "procpool-0123456789abcdeg"
    }) {
      Files.writeString(directory(name).resolve("file"), "");
      Files.setLastModifiedTime(base.resolve(name), LONG_AGO);
    }
    Files.writeString(base.resolve("procpool-1111111111111111"), "");
    Files.createSymbolicLink(base.resolve("procpool-2222222222222222"), elsewhere);
    Files.setLastModifiedTime(elsewhere, LONG_AGO);
    SessionDirectory.create(base).close();
    assertThat(base).isDirectoryContaining(path -> Files.isSymbolicLink(path));
    try (var left = Files.list(base)) {
      assertThat(left).hasSize(7);
    }
    assertThat(target).exists();
  }

  /** The sessions of other users stay, even for somebody who could remove them. */
  @Test
  void create_sessionOfAnotherUser_stays() throws Exception {
    Path foreign = directory("procpool-0123456789abcdef");
    Files.writeString(foreign.resolve("lock"), "1");
    assumeThat(givenAway(foreign)).as("may give files away").isTrue();
    SessionDirectory.create(base).close();
    assertThat(foreign.resolve("lock")).exists();
  }

  private static boolean givenAway(Path path) {
    try {
      Files.setAttribute(path, "unix:uid", NOBODY);
      return true;
    } catch (IOException | UnsupportedOperationException onlyRootMay) {
      return false;
    }
  }

  /** Links are removed, what they lead to is not: neither below the directory nor in its place. */
  @Test
  void delete_links_areNotFollowed() throws Exception {
    Path target = Files.writeString(elsewhere.resolve("file"), "");
    Path directory = directory("directory");
    Files.createSymbolicLink(directory.resolve("to-directory"), elsewhere);
    Files.createSymbolicLink(directory.resolve("to-file"), target);
    Files.createSymbolicLink(directory.resolve("to-nothing"), base.resolve("nothing"));
    Path link = Files.createSymbolicLink(base.resolve("link"), elsewhere);
    SessionDirectory.delete(directory.toFile());
    SessionDirectory.delete(link.toFile());
    assertThat(base).isEmptyDirectory();
    assertThat(target).exists();
  }

  private Path directory(String name) throws IOException {
    return Files.createDirectory(base.resolve(name));
  }
}
