// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a worker has logged. Immutable. A record has a bounded number of everything and of bytes: who makes one cuts it, and one that has more is none.
 *
 * @param level from 1, trace, to 5, error
 * @param taskId number of the task that ran; zero if there was none
 * @param context the diagnostic context of the thread
 * @param failures what was thrown, and its causes
 */
public record LogRecord(
    int level,
    long taskId,
    long epochMillis,
    String logger,
    String thread,
    String message,
    List<String> markers,
    Map<String, String> context,
    List<Failure> failures) {
  /** The most bytes that an encoded record may have. */
  public static final int MAX_BYTES = 4 << 20;

  /** The most markers, and the most entries of the context. */
  public static final int MAX_ENTRIES = 32;

  /** The longest chain of throwables. */
  public static final int MAX_FAILURES = 8;

  /** The most lines of a trace. */
  public static final int MAX_FRAMES = 64;

  /** Copies the collections. */
  public LogRecord {
    markers = List.copyOf(markers);
    context = Map.copyOf(context);
    failures = List.copyOf(failures);
  }

  /**
   * One of a chain of throwables.
   *
   * @param text as it prints itself
   */
  public record Failure(String text, List<Frame> frames) {
    /** Copies the list. */
    public Failure {
      frames = List.copyOf(frames);
    }
  }

  /**
   * A line of a trace.
   *
   * @param file empty if it is not known
   * @param line in its bits; -2 is a native method
   */
  public record Frame(String className, String method, String file, int line) {}

  /** Encodes it. */
  public byte[] encode() {
    FieldWriter out = new FieldWriter();
    out.uint(1, level);
    out.uint(2, taskId);
    out.uint(3, epochMillis);
    out.string(4, logger);
    out.string(5, thread);
    out.string(6, message);
    for (String marker : markers) {
      out.string(7, marker);
    }
    context.forEach((key, value) -> {
      int entry = out.begin(8);
      out.string(1, key);
      out.string(2, value);
      out.end(entry);
    });
    for (Failure failure : failures) {
      int start = out.begin(9);
      out.string(1, failure.text);
      for (Frame frame : failure.frames) {
        int line = out.begin(2);
        out.string(1, frame.className);
        out.string(2, frame.method);
        out.string(3, frame.file);
        out.uint(4, frame.line & 0xffff_ffffL);
        out.end(line);
      }
      out.end(start);
    }
    return out.toByteArray();
  }

  /**
   * Decodes one.
   *
   * @throws IOException if it is none
   */
  public static LogRecord read(byte[] bytes) throws IOException {
    check("bytes", bytes.length, MAX_BYTES);
    FieldReader in = new FieldReader(bytes, 0, bytes.length);
    int level = 0;
    long taskId = 0;
    long epochMillis = 0;
    String logger = "";
    String thread = "";
    String message = "";
    List<String> markers = new ArrayList<>();
    Map<String, String> context = new LinkedHashMap<>();
    List<Failure> failures = new ArrayList<>();
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          level = in.uint32();
          break;
        case 2:
          taskId = in.uint64();
          break;
        case 3:
          epochMillis = in.uint64();
          break;
        case 4:
          logger = in.string();
          break;
        case 5:
          thread = in.string();
          break;
        case 6:
          message = in.string();
          break;
        case 7:
          check("markers", markers.size() + 1, MAX_ENTRIES);
          markers.add(in.string());
          break;
        case 8:
          readEntry(in.message(), context);
          check("entries of its context", context.size(), MAX_ENTRIES);
          break;
        case 9:
          check("throwables", failures.size() + 1, MAX_FAILURES);
          failures.add(readFailure(in.message()));
          break;
        default:
          in.skip();
      }
    }
    return new LogRecord(
        level, taskId, epochMillis, logger, thread, message, markers, context, failures);
  }

  private static void check(String what, int have, int most) throws IOException {
    if (have > most) {
      throw new IOException("a log record with more " + what + " than " + most);
    }
  }

  private static void readEntry(FieldReader in, Map<String, String> context) throws IOException {
    String key = "";
    String value = "";
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          key = in.string();
          break;
        case 2:
          value = in.string();
          break;
        default:
          in.skip();
      }
    }
    context.put(key, value);
  }

  private static Failure readFailure(FieldReader in) throws IOException {
    String text = "";
    List<Frame> frames = new ArrayList<>();
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          text = in.string();
          break;
        case 2:
          check("lines of a trace", frames.size() + 1, MAX_FRAMES);
          frames.add(readFrame(in.message()));
          break;
        default:
          in.skip();
      }
    }
    return new Failure(text, frames);
  }

  private static Frame readFrame(FieldReader in) throws IOException {
    String className = "";
    String method = "";
    String file = "";
    int line = 0;
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          className = in.string();
          break;
        case 2:
          method = in.string();
          break;
        case 3:
          file = in.string();
          break;
        case 4:
          line = (int) in.varint();
          break;
        default:
          in.skip();
      }
    }
    return new Frame(className, method, file, line);
  }
}
