// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.WireMessage;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * What a process that was spawned is told through its standard input:
 *
 * <pre>
 *   kind: 1 byte | length of the body: 4 bytes, big-endian | body
 * </pre>
 *
 * @param kind one of the constants
 * @param body its meaning follows from the kind; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares orders
public record Order(int kind, byte[] body) {
  /**
   * Get ready to become whatever is said next; then write the first {@link #MARKER_BYTES} of the body to standard error. The rest of it is
   * the path of the session, in UTF-8, which must not be left behind if the master is gone.
   */
  public static final int PREPARE = 1;

  /** Be a worker; the body is a {@link io.procpool.ipc.wire.Launch}. Nothing follows. */
  public static final int WORKER = 2;

  /** Be a child; the body is a {@link io.procpool.ipc.wire.ChildLaunch}. A {@link #TASK} follows. */
  public static final int CHILD = 3;

  /** The task of a child. {@link #INTERRUPT} and {@link #TERMINATE} may follow; the end means that the parent is gone. */
  public static final int TASK = 4;

  /** Interrupt the task. */
  public static final int INTERRUPT = 5;

  /** Interrupt the task, and end. */
  public static final int TERMINATE = 6;

  /** The length of the marker by which a spare is known to be ready. */
  public static final int MARKER_BYTES = 36;

  private static final int HEADER_BYTES = 5;
  private static final byte[] NOTHING = {};

  /** Reads the next order; blocks until it is complete. */
  public static Order read(InputStream in) throws IOException {
    byte[] header = readFully(in, HEADER_BYTES);
    int length = (header[1] & 255) << 24
        | (header[2] & 255) << 16
        | (header[3] & 255) << 8
        | header[4] & 255;
    if (length < 0) {
      throw new IOException("an order of " + length + " bytes");
    }
    return new Order(header[0], length == 0 ? NOTHING : readFully(in, length));
  }

  private static byte[] readFully(InputStream in, int length) throws IOException {
    byte[] bytes = new byte[length];
    int have = 0;
    while (have < length) {
      int n = in.read(bytes, have, length - have);
      if (n < 0) {
        throw new EOFException();
      }
      have += n;
    }
    return bytes;
  }

  /** Returns an order as it is written. */
  public static byte[] encode(int kind, WireMessage message) {
    FieldWriter body = new FieldWriter();
    message.writeTo(body);
    return encode(kind, body.toByteArray());
  }

  /** Returns an order as it is written. */
  public static byte[] encode(int kind, byte[] body) {
    byte[] bytes = header(kind, body.length);
    byte[] whole = Arrays.copyOf(bytes, bytes.length + body.length);
    System.arraycopy(body, 0, whole, bytes.length, body.length);
    return whole;
  }

  /** Returns what is written before the body of an order. */
  public static byte[] header(int kind, int length) {
    return new byte[] {
      (byte) kind,
      (byte) (length >>> 24),
      (byte) (length >>> 16),
      (byte) (length >>> 8),
      (byte) length
    };
  }
}
