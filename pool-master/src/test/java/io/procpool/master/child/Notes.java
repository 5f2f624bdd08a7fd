// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import io.procpool.master.process.Faults;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Lines in a file, to which any process adds. Safe for use by multiple threads and processes. */
record Notes(String path) implements Serializable {
  static Notes in(Path directory) throws IOException {
    return new Notes(
        Files.createTempDirectory(directory, "notes").resolve("lines").toString());
  }

  void add(Object line) {
    try (FileOutputStream out = new FileOutputStream(path, true)) {
      out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<String> lines() {
    try {
      return Files.readString(Path.of(path)).lines().toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<String> await(int count) {
    Faults.awaitLong(count + " lines in " + path).until(() -> lines().size() >= count);
    return lines();
  }

  /** Waits for a line that begins in some way, and returns the rest of it. */
  String await(String beginning) {
    Faults.awaitLong("\"" + beginning + "\" in " + path)
        .until(() -> lines().stream().anyMatch(line -> line.startsWith(beginning)));
    return lines().stream()
        .filter(line -> line.startsWith(beginning))
        .findFirst()
        .orElseThrow()
        .substring(beginning.length());
  }
}
