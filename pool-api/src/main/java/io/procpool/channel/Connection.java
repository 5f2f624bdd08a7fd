// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

import io.procpool.Awaitable;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One end of something through which messages go: of a {@link Pipe}, or of a connection over a socket that a {@link ConnectionListener}
 * has accepted or {@link ConnectionListener#connect} has made. A message is any serializable object, or bytes as they are; it arrives
 * whole, once, and in the order in which it was sent, also if several threads or processes send and receive.
 *
 * <p><b>Copies.</b> A message is encoded before the sending method returns: what happens to the object afterwards is not seen at the
 * other end. What cannot be encoded fails there and then, and nothing is sent.
 *
 * <p><b>Blocking.</b> {@code send} waits while there is no room for the message, {@code recv} while there is none. An interrupt ends
 * both, and a timeout does; nothing was sent or taken then, and the stream stays in step. Over a socket, room for the first byte is
 * room: if an interrupt or a timeout comes later, {@code send} returns normally, an interrupt stays pending, and the rest of the
 * message goes out in the background.
 *
 * <p><b>The other end.</b> When nobody holds it any more, because all who did have closed it or have died, {@code recv} gives what was
 * sent before and then fails with an {@link java.io.EOFException}, at the latest 50 ms later, and {@code send} fails with a {@link
 * BrokenPipeException}. If that happened in the middle of a message, the first {@code recv} fails with an {@link java.io.IOException} that
 * says so. Over TCP, a {@code send} may succeed shortly after the other end has gone, and a machine that vanishes from the network is
 * noticed late.
 *
 * <p><b>Handles.</b> The end of a pipe can be captured by a task, passed, returned, or put in a message; every copy is the same end,
 * and counts as a holder of it until it is closed, collected, or its process ends. What is on the way counts as held as long as the
 * process that sent it lives, so the sender may close its own at once. The connection over a socket stays in its process: it cannot
 * be serialized.
 *
 * <p>Safe for use by multiple threads and processes.
 */
public interface Connection extends Awaitable, Serializable, AutoCloseable {
  /**
   * Sends an object.
   *
   * @param message any serializable object, or null
   * @throws NotSerializableMessageException if it cannot be encoded, naming the field; nothing was sent
   * @throws MessageTooLargeException if it is larger than any message may be
   * @throws BrokenPipeException if nobody holds the other end
   * @throws InterruptedException if the thread is interrupted before the message is sent
   * @throws IllegalStateException if this handle is closed, or this end only receives
   */
  void send(@Nullable Object message) throws IOException, InterruptedException;

  /**
   * As {@link #send(Object)}, for a time.
   *
   * @param timeout zero or less: does not wait
   * @throws TimeoutException if there was no room in that time; nothing was sent
   */
  void send(@Nullable Object message, Duration timeout)
      throws IOException, InterruptedException, TimeoutException;

  /** Sends bytes as they are; otherwise as {@link #send(Object)}. */
  default void sendBytes(byte[] bytes) throws IOException, InterruptedException {
    sendBytes(bytes, 0, bytes.length);
  }

  /**
   * Sends some bytes of an array as they are; otherwise as {@link #send(Object)}.
   *
   * @throws IndexOutOfBoundsException if the array does not have them
   */
  void sendBytes(byte[] bytes, int offset, int length) throws IOException, InterruptedException;

  /**
   * Waits for the next message and takes it.
   *
   * @return the object that was sent; of bytes that were sent as they are, an array
   * @throws java.io.EOFException if all messages have been received and nobody holds the other end
   * @throws UndecodableMessageException if the message cannot be rebuilt here, such as for lack of a class; it is taken, and the next one is
   *     not affected
   * @throws InterruptedException if the thread is interrupted before it has a message
   * @throws IllegalStateException if this handle is closed, or this end only sends
   */
  @Nullable
  Object recv() throws IOException, InterruptedException;

  /**
   * As {@link #recv()}, for a time.
   *
   * @param timeout zero or less: does not wait
   * @throws TimeoutException if there was no message in that time
   */
  @Nullable
  Object recv(Duration timeout) throws IOException, InterruptedException, TimeoutException;

  /** Receives bytes of any length; as {@link #recvBytes(int)}. */
  default byte[] recvBytes() throws IOException, InterruptedException {
    return recvBytes(Integer.MAX_VALUE);
  }

  /**
   * Waits for the next message, which must be bytes, and takes it. An array of bytes that was sent as an object is the same as
   * bytes.
   *
   * @param limitBytes the most to accept, 0 or more
   * @throws MessageTooLargeException if the message is longer than the limit; it is dropped, and the next one can be received
   * @throws IOException if the message is an object; it stays where it is, for {@link #recv()}
   * @throws java.io.EOFException as {@link #recv()}
   */
  byte[] recvBytes(int limitBytes) throws IOException, InterruptedException;

  /** Tells whether there is a message, or the end of the stream; does not wait. */
  boolean poll() throws IOException;

  /**
   * Waits until there is a message or the end of the stream, for a time; tells whether there is. Another thread or process may be
   * the one that gets it.
   *
   * @param timeout zero or less: does not wait
   */
  boolean poll(Duration timeout) throws IOException, InterruptedException;

  /** Tells whether this end receives. */
  boolean isReadable();

  /** Tells whether this end sends. */
  boolean isWritable();

  /** Tells whether this handle is closed. */
  boolean isClosed();

  /**
   * Ends the use of this handle; a second call has no effect. A thread that waits at it gets an {@link IllegalStateException}, within
   * 50 ms. Does not block; over a socket, what was sent still goes out, for two seconds at most.
   */
  @Override
  void close();
}
