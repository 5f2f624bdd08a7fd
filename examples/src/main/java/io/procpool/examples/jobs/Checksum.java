// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The SHA-256 of every file below a directory, hidden ones included, sorted by path: byte for byte what
 * {@code find DIRECTORY -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum} prints, so {@code sha256sum --check} reads
 * it. Symbolic links are not followed. With several arguments, which may be files too, each is sorted by itself.
 *
 * <p>{@link #process} is safe for use by multiple threads; the rest is for the one thread of the master.
 */
public final class Checksum implements Job<FileTree.Entry, String> {
  private static final String USAGE = "checksum DIRECTORY-OR-FILE...";
  private static final int BUFFER_BYTES = 1 << 17;

  @Override
  public String name() {
    return "checksum";
  }

  @Override
  public String description() {
    return "SHA-256 of every file, in the format of sha256sum, sorted by path: " + USAGE;
  }

  @Override
  public Iterable<FileTree.Entry> inputs(JobContext context) {
    JobArguments arguments = new JobArguments(USAGE, context.arguments(), 1, Integer.MAX_VALUE);
    return FileTree.of(arguments.all(), true);
  }

  /** Returns the checksum in hexadecimal. */
  @Override
  public String process(FileTree.Entry entry) throws IOException {
    if (entry.problem() != null) {
      throw new IOException(entry.problem());
    }
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(Path.of(entry.file()))) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  @Override
  public void onResult(FileTree.Entry entry, String checksum, JobContext context) {
    byte[] line = line(checksum, entry.name());
    context.out().write(line, 0, line.length);
  }

  /** Returns a line as sha256sum prints it: a name with a backslash, newline or carriage return in it is escaped. */
  static byte[] line(String checksum, byte[] name) {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    line.writeBytes((checksum + "  ").getBytes(StandardCharsets.US_ASCII));
    boolean escaped = false;
    for (byte b : name) {
      int letter = b == '\\' ? '\\' : b == '\n' ? 'n' : b == '\r' ? 'r' : 0;
      if (letter == 0) {
        line.write(b);
      } else {
        escaped = true;
        line.write('\\');
        line.write(letter);
      }
    }
    line.write('\n');
    if (!escaped) {
      return line.toByteArray();
    }
    ByteArrayOutputStream marked = new ByteArrayOutputStream();
    marked.write('\\');
    marked.writeBytes(line.toByteArray());
    return marked.toByteArray();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
