// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** A list of lines in a file, to which tasks in any process add. Safe for use by multiple threads and processes. */
public final class Journal implements Serializable {
  private static final long serialVersionUID = 1;

  private final String path;

  Journal(Path path) {
    this.path = path.toString();
  }

  /** Adds a line in one write. */
  public void add(Object line) {
    try (FileOutputStream out =
        new FileOutputStream(path, true)) { // an interrupt does not close it
      out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what has been added by now, in order. */
  public List<String> lines() {
    try {
      return Files.readString(Path.of(path)).lines().toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
