// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import io.procpool.RemoteTaskException;
import io.procpool.RemoteTrace;
import java.io.ObjectInputFilter;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Encodes what a task threw: the exception itself, by JDK serialization, if that is possible and not above 4 MiB, and its
 * class, message and printed trace as text in any case. Encoding never fails because of the exception, whatever its methods
 * do; decoding gives the exception itself, with a {@link RemoteTrace} as its innermost cause, or else a
 * {@link RemoteTaskException}.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ThrowableCodec {
  /*
   * Where the trace goes. Down the causes to the last one, whose initCause takes it. One that was made with an explicit null
   * as its cause refuses; it gets the trace as a suppressed exception, and one without those goes without. If the last cause
   * is the trace of an earlier process, or the causes run in a circle, the trace is suppressed where it can be.
   */
  /** The largest exception that is sent as itself. */
  public static final int MAX_ORIGINAL_BYTES = 4 << 20;

  /** The longest message, in characters, that is sent as text. */
  public static final int MAX_MESSAGE_CHARS = 1 << 20;

  /** The longest trace, in characters, that is sent as text: its beginning and its end. */
  public static final int MAX_TRACE_CHARS = 64 << 10;

  private static final int CAUSES_LIMIT = 1000;

  private ThrowableCodec() {}

  /**
   * Writes what a task threw.
   *
   * @param worker name of the worker
   * @param pid process id of the worker
   * @throws PayloadTooLargeException if not even the text fits a growing writer; the writer is where it was
   * @throws PayloadFullException at the end of a fixed writer; the writer is where it was
   */
  public static void write(
      PayloadWriter writer, Throwable thrown, String worker, long pid, long taskId) {
    int start = writer.position();
    try {
      ValueCodec.writeString(writer, worker);
      writer.putLong(pid);
      writer.putLong(taskId);
      ValueCodec.writeString(writer, thrown.getClass().getName());
      String message = messageOf(thrown);
      if (message == null) {
        writer.putByte(ValueCodec.NULL);
      } else {
        ValueCodec.writeString(writer, message);
      }
      ValueCodec.writeString(writer, traceOf(thrown));
      writeOriginal(writer, thrown);
    } catch (RuntimeException | Error e) {
      writer.position(start);
      throw e;
    }
  }

  private static void writeOriginal(PayloadWriter writer, Throwable thrown) {
    int start = writer.position();
    try {
      writer.putByte(1);
      JdkCodec.write(writer, thrown, MAX_ORIGINAL_BYTES);
    } catch (PayloadFullException e) {
      throw e;
    } catch (
        Throwable e) { // OutOfMemoryError and what its own writeObject throws: the text is enough
      writer.position(start);
      writer.putByte(0);
    }
  }

  /**
   * Reads what a task threw.
   *
   * @param loader what finds the exception's class
   * @param filter what may refuse classes, or null to refuse none
   * @return the exception, or a {@link RemoteTaskException} if it cannot be rebuilt here
   * @throws PayloadFormatException if the bytes are not an exception
   */
  public static Throwable read(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    String worker = ValueCodec.readString(reader);
    long pid = reader.getLong();
    long taskId = reader.getLong();
    String className = ValueCodec.readString(reader);
    String message = ValueCodec.readNullableString(reader);
    String trace = ValueCodec.readString(reader);
    RemoteTrace remote = new RemoteTrace(worker, pid, taskId, trace);
    PayloadFormatException failure = null;
    int form = reader.getByte();
    if (form == 1) {
      PayloadReader original = new PayloadReader(reader.getSlice(reader.getInt()));
      try {
        Object read = JdkCodec.readStream(original.getSlice(original.remaining()), loader, filter);
        if (read instanceof Throwable thrown) {
          attach(thrown, remote);
          return thrown.getClass() == StackOverflowError.class && thrown.getCause() == null
              ? rebuilt((StackOverflowError) thrown, remote)
              : thrown;
        }
      } catch (PayloadFormatException e) {
        failure = e;
      }
    } else if (form != 0) {
      throw new PayloadFormatException("exception in unknown form " + form);
    }
    RemoteTaskException stand =
        new RemoteTaskException(className, message == null ? "null" : message, trace);
    stand.initCause(remote);
    if (failure != null) {
      stand.addSuppressed(failure);
    }
    return stand;
  }

  /** One that the JVM made itself takes neither a cause nor a suppressed exception. */
  private static StackOverflowError rebuilt(StackOverflowError original, RemoteTrace remote) {
    StackOverflowError copy = new StackOverflowError(original.getMessage());
    copy.setStackTrace(original.getStackTrace());
    copy.initCause(remote);
    return copy;
  }

  private static void attach(Throwable thrown, RemoteTrace remote) {
    Throwable taker = thrown;
    try {
      IdentityHashMap<Throwable, Boolean> seen = new IdentityHashMap<>();
      Throwable last = thrown;
      for (int i = 0; i < CAUSES_LIMIT; i++) {
        seen.put(last, Boolean.TRUE);
        Throwable cause = last.getCause();
        if (cause == null) {
          last.initCause(remote);
          return;
        }
        if (cause instanceof RemoteTrace) {
          taker = last;
          break;
        }
        if (seen.containsKey(cause)) {
          break;
        }
        taker = cause;
        last = cause;
      }
    } catch (Throwable e) { // it is the user's code that fails here
      // its cause is locked, or one of its methods fails
    }
    taker.addSuppressed(remote);
  }

  private static @Nullable String messageOf(Throwable thrown) {
    try {
      String message = thrown.getMessage();
      return message == null || message.length() <= MAX_MESSAGE_CHARS
          ? message
          : message.substring(0, MAX_MESSAGE_CHARS);
    } catch (Throwable e) { // it is the user's code that fails here
      return "(its getMessage() failed: " + e.getClass().getName() + ")";
    }
  }

  private static String traceOf(Throwable thrown) {
    try {
      BoundedText text = new BoundedText();
      PrintWriter printer = new PrintWriter(text);
      thrown.printStackTrace(printer);
      printer.flush();
      return text.toString();
    } catch (Throwable e) { // it is the user's code that fails here
      return frames(thrown, e);
    }
  }

  /** The trace of an exception that cannot print itself. */
  private static String frames(Throwable thrown, Throwable failure) {
    StringBuilder text = new StringBuilder(thrown.getClass().getName());
    text.append(" (it cannot be printed: ").append(failure.getClass().getName()).append(")\n");
    try {
      for (StackTraceElement frame : thrown.getStackTrace()) {
        if (text.length() > MAX_TRACE_CHARS / 2) {
          break;
        }
        text.append("\tat ").append(frame).append('\n');
      }
    } catch (Throwable e) { // it is the user's code that fails here
      text.append("\t(its frames cannot be read: ")
          .append(e.getClass().getName())
          .append(")\n");
    }
    return text.toString();
  }

  /** Keeps the beginning and the end of what is written. */
  private static final class BoundedText extends Writer {
    private static final int NOTE_CHARS = 64;
    private static final int TAIL_CHARS = 16 << 10;
    private static final int HEAD_CHARS = MAX_TRACE_CHARS - TAIL_CHARS - NOTE_CHARS;

    private final StringBuilder head = new StringBuilder();
    private char @Nullable [] tail;
    private long tailTotal;

    @Override
    public void write(char[] source, int offset, int length) {
      int toHead = Math.min(length, HEAD_CHARS - head.length());
      head.append(source, offset, toHead);
      for (int i = Math.max(toHead, length - TAIL_CHARS); i < length; i++) {
        keep(source[offset + i], i == Math.max(toHead, length - TAIL_CHARS) ? i - toHead : 0);
      }
    }

    @Override
    public void write(String source, int offset, int length) {
      int toHead = Math.min(length, HEAD_CHARS - head.length());
      head.append(source, offset, offset + toHead);
      int from = Math.max(toHead, length - TAIL_CHARS);
      for (int i = from; i < length; i++) {
        keep(source.charAt(offset + i), i == from ? i - toHead : 0);
      }
    }

    /** Keeps a character after so many that can be forgotten at once. */
    private void keep(char c, int skipped) {
      char[] ring = tail;
      if (ring == null) {
        ring = new char[TAIL_CHARS];
        tail = ring;
      }
      tailTotal += skipped;
      ring[(int) (tailTotal++ % TAIL_CHARS)] = c;
    }

    @Override
    public String toString() {
      char[] ring = tail;
      if (ring == null) {
        return head.toString();
      }
      long from = Math.max(0, tailTotal - TAIL_CHARS);
      if (from > 0) {
        head.append("\n... ").append(from).append(" characters left out ...\n");
      }
      for (long i = from; i < tailTotal; i++) {
        head.append(ring[(int) (i % TAIL_CHARS)]);
      }
      return head.toString();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
