// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is to be said of the failed inputs at the end: all of them, however many there are. The first are kept in memory, the
 * others in a temporary file. Safe for use by multiple threads.
 */
final class FailureList implements Closeable {
  private static final int CHARS_IN_MEMORY = 1 << 20;

  private final int charsInMemory;
  private final List<String> first = new ArrayList<>(); // guarded by this
  private int chars; // guarded by this
  private long lost; // guarded by this
  private @Nullable Path file; // guarded by this
  private @Nullable BufferedWriter writer; // guarded by this

  FailureList() {
    this(CHARS_IN_MEMORY);
  }

  /** Makes a list that keeps about so many characters in memory. */
  FailureList(int charsInMemory) {
    this.charsInMemory = charsInMemory;
  }

  /** Adds a text, of one or more lines. */
  synchronized void add(String text) {
    if (writer == null && chars < charsInMemory) {
      first.add(text);
      chars += text.length();
      return;
    }
    try {
      BufferedWriter to = writer;
      if (to == null) {
        file = Files.createTempFile("procpool-failures-", ".txt");
        to = Files.newBufferedWriter(file);
        writer = to;
      }
      to.write(text);
      to.write('\n');
    } catch (IOException e) {
      lost++;
    }
  }

  /** Hands over the texts in their order; those of the file line by line. */
  synchronized void forEach(Consumer<String> consumer) {
    first.forEach(consumer);
    Path rest = file;
    BufferedWriter written = writer;
    if (rest == null || written == null) {
      return;
    }
    try {
      written.flush();
      try (BufferedReader lines = Files.newBufferedReader(rest)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          consumer.accept(line);
        }
      }
    } catch (IOException e) {
      lost++;
    }
  }

  /** Returns how many texts were lost, at least, because the temporary folder could not be used. */
  synchronized long lost() {
    return lost;
  }

  @Override
  public synchronized void close() {
    try {
      if (writer != null) {
        writer.close();
      }
    } catch (IOException e) {
      // what is left is removed
    }
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // a file in the temporary folder
    }
  }
}
