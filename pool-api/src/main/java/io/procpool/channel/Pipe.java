// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

import io.procpool.spi.Channels;

/**
 * The two ends of a pipe between any threads of any processes of the session.
 *
 * <pre>{@code
 * Pipe pipe = Pipe.duplex();
 * Connection far = pipe.second();
 * ChildProcess child = ChildProcess.start(() -> far.send("from son"));
 * far.close();                                          // the child has its own
 * System.out.println(pipe.first().recv());
 * }</pre>
 *
 * <p>Messages wait in shared memory, in each direction up to the pipe's capacity; one that is larger than that goes through alone,
 * up to {@value #MAX_MESSAGE_BYTES} bytes. Immutable; safe for use by multiple threads.
 *
 * @param first one end; of a pipe that goes one way, the one that receives
 * @param second the other end; of a pipe that goes one way, the one that sends
 */
public record Pipe(Connection first, Connection second) implements AutoCloseable {
  /** How much waits in a pipe at most if nothing else is said, in bytes. */
  public static final int DEFAULT_CAPACITY_BYTES = 1 << 20;

  /** The largest message, in bytes of its encoded form. */
  public static final int MAX_MESSAGE_BYTES = (1 << 30) - 1024;

  /**
   * Makes a pipe that goes both ways.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  public static Pipe duplex() {
    return duplex(DEFAULT_CAPACITY_BYTES);
  }

  /**
   * As {@link #duplex()}.
   *
   * @param capacityBytes how much waits in each direction at most, 1024 to 1073741824 bytes
   */
  public static Pipe duplex(int capacityBytes) {
    return Channels.installed().pipe(true, checked(capacityBytes));
  }

  /**
   * Makes a pipe whose second end sends to its first end.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  public static Pipe oneWay() {
    return oneWay(DEFAULT_CAPACITY_BYTES);
  }

  /**
   * As {@link #oneWay()}.
   *
   * @param capacityBytes how much waits at most, 1024 to 1073741824 bytes
   */
  public static Pipe oneWay(int capacityBytes) {
    return Channels.installed().pipe(false, checked(capacityBytes));
  }

  private static int checked(int capacityBytes) {
    if (capacityBytes < 1024 || capacityBytes > 1 << 30) {
      throw new IllegalArgumentException(
          "capacityBytes: " + capacityBytes + " (expected: 1024 to " + (1 << 30) + ")");
    }
    return capacityBytes;
  }

  /** Closes both handles. */
  @Override
  public void close() {
    first.close();
    second.close();
  }
}
