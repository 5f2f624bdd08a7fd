// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file to which several streams are appended. What it does not take, because the disk is full, is dropped and counted, and the file says so when it takes
 * something again. Safe for use by multiple threads.
 */
public final class OutputFile implements OutputSink, Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(OutputFile.class);

  private final String name;
  private final OutputStream out;
  private long lostBytes; // guarded by this
  private String reason = ""; // guarded by this
  private boolean closed; // guarded by this

  OutputFile(String name, OutputStream out) {
    this.name = name;
    this.out = out;
  }

  /**
   * Opens a file, which is made if there is none.
   *
   * @throws IOException if it cannot be written
   */
  public static OutputFile append(Path file) throws IOException {
    return new OutputFile(file.toString(), new FileOutputStream(file.toFile(), true));
  }

  @Override
  public synchronized void write(byte[] bytes, int length) {
    if (closed) {
      return;
    }
    try {
      if (lostBytes > 0) {
        String notice = "\n[procpool] up to " + lostBytes + " bytes of output are missing here: "
            + reason + "\n";
        out.write(notice.getBytes(Charset.defaultCharset()));
        lostBytes = 0;
      }
      out.write(bytes, 0, length);
    } catch (IOException refused) {
      if (lostBytes == 0) {
        LOG.warn(
            "output of workers is lost, because {} does not take it: {}",
            name,
            refused.getMessage());
      }
      reason = String.valueOf(refused.getMessage());
      lostBytes += length;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    try {
      out.close();
    } catch (IOException refused) {
      LOG.warn("{} could not be closed: {}", name, refused.getMessage());
    }
  }
}
