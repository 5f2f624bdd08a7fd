// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;

/** What a worker says to the master. */
public sealed interface FromWorker extends WireMessage {
  /** The number of this kind of message in the schema. */
  int field();

  /** Writes what is in the message; nothing, unless there is something. */
  default void writeBody(FieldWriter out) {}

  @Override
  default void writeTo(FieldWriter out) {
    int start = out.begin(field());
    writeBody(out);
    out.end(start);
  }

  /** Reads a message from a range of an array. */
  static FromWorker read(byte[] bytes, int from, int to) throws IOException {
    FieldReader in = new FieldReader(bytes, from, to);
    FromWorker message = null;
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          in.message();
          message = new Ready();
          break;
        case 2:
          in.message();
          message = new StartFailed();
          break;
        case 3:
          message = new Started((int) in.message().soleNumber());
          break;
        case 4:
          message = Results.read(in.message());
          break;
        case 5:
          in.message();
          message = new OutOfMemory();
          break;
        case 6:
          message = new Pong(in.message().soleNumber());
          break;
        case 7:
          message = OverHeap.read(in.message());
          break;
        case 8:
          message = new Worn(in.message().soleNumber());
          break;
        case 9:
          in.message();
          message = new Finalized();
          break;
        case 13:
          message = Wanted.read(in.message());
          break;
        case 10:
          message = Stack.read(in.message());
          break;
        case 11:
          in.message();
          message = new Log();
          break;
        case 12:
          in.message();
          message = new Threads();
          break;
        case 16:
          message = new Recorded(in.message().soleNumber());
          break;
        case 15:
          message = new Debugger((int) in.message().soleNumber());
          break;
        default:
          in.skip();
      }
    }
    if (message == null) {
      throw new IOException("it sent a message of a kind that is not known here");
    }
    return message;
  }

  /** The initializer has run; the worker waits for its first unit. */
  record Ready() implements FromWorker {
    @Override
    public int field() {
      return 1;
    }
  }

  /** The initializer failed. Payload: what it threw. */
  record StartFailed() implements FromWorker {
    @Override
    public int field() {
      return 2;
    }
  }

  /** A unit has begun; only sent if the welcome asked for it. */
  record Started(int seq) implements FromWorker {
    @Override
    public int field() {
      return 3;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, seq);
    }
  }

  /**
   * Outcomes of consecutive items. Payload: the encoded outcomes.
   *
   * @param first place of the first item in its work
   * @param last whether the unit is over
   * @param runNanos with {@code last}: duration of the whole unit
   * @param failed with {@code last}: how many items of the whole unit gave no value
   * @param overdue whether the last of these items was to be interrupted when it ended with an exception
   */
  record Results(
      int seq, int first, int count, boolean last, long runNanos, int failed, boolean overdue)
      implements FromWorker {
    @Override
    public int field() {
      return 4;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, seq);
      out.uint(2, first);
      out.uint(3, count);
      out.bool(4, last);
      out.uint(5, runNanos);
      out.uint(6, failed);
      out.bool(7, overdue);
    }

    static Results read(FieldReader in) throws IOException {
      int seq = 0;
      int first = 0;
      int count = 0;
      boolean last = false;
      long runNanos = 0;
      int failed = 0;
      boolean overdue = false;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            seq = in.uint32();
            break;
          case 2:
            first = in.uint32();
            break;
          case 3:
            count = in.uint32();
            break;
          case 4:
            last = in.bool();
            break;
          case 5:
            runNanos = in.uint64();
            break;
          case 6:
            failed = in.uint32();
            break;
          case 7:
            overdue = in.bool();
            break;
          default:
            in.skip();
        }
      }
      return new Results(seq, first, count, last, runNanos, failed, overdue);
    }
  }

  /** A task ran out of memory; the worker exits now. Payload: the trace as UTF-8 text. */
  record OutOfMemory() implements FromWorker {
    @Override
    public int field() {
      return 5;
    }
  }

  /** The answer to a ping of this number. */
  record Pong(long number) implements FromWorker {
    @Override
    public int field() {
      return 6;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
    }
  }

  /**
   * The heap in use is above the limit of a unit, though garbage was just collected.
   *
   * @param item number of the item within the unit that ran before the collection
   * @param bytes what was in use after it
   */
  record OverHeap(int seq, int item, long bytes) implements FromWorker {
    @Override
    public int field() {
      return 7;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, seq);
      out.uint(2, item);
      out.uint(3, bytes);
    }

    static OverHeap read(FieldReader in) throws IOException {
      int seq = 0;
      int item = 0;
      long bytes = 0;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            seq = in.uint32();
            break;
          case 2:
            item = in.uint32();
            break;
          case 3:
            bytes = in.uint64();
            break;
          default:
            in.skip();
        }
      }
      return new OverHeap(seq, item, bytes);
    }
  }

  /**
   * The worker should be replaced. After an OutOfMemoryError, which the task has hidden, it begins no further unit, and says this before it sends the last results.
   *
   * @param heapBytesAfterGc what a collection has left in the heap, which is above the limit of the welcome; zero: there was an OutOfMemoryError
   */
  record Worn(long heapBytesAfterGc) implements FromWorker {
    @Override
    public int field() {
      return 8;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, heapBytesAfterGc);
    }
  }

  /** The finalizer has ended. Payload: what it threw, or nothing. */
  record Finalized() implements FromWorker {
    @Override
    public int field() {
      return 9;
    }
  }

  /**
   * Where a task is. Payload: a line of UTF-8 text for each frame, the innermost first.
   *
   * @param item number of the item within the unit
   */
  record Stack(int seq, int item) implements FromWorker {
    @Override
    public int field() {
      return 10;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, seq);
      out.uint(2, item);
    }

    static Stack read(FieldReader in) throws IOException {
      int seq = 0;
      int item = 0;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            seq = in.uint32();
            break;
          case 2:
            item = in.uint32();
            break;
          default:
            in.skip();
        }
      }
      return new Stack(seq, item);
    }
  }

  /** What all threads of the process do. Payload: UTF-8 text. */
  record Threads() implements FromWorker {
    @Override
    public int field() {
      return 12;
    }
  }

  /** The worker listens for a debugger. */
  record Debugger(int port) implements FromWorker {
    @Override
    public int field() {
      return 15;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, port);
    }
  }

  /** The answer to {@link ToWorker.Record}. Payload: what failed, as UTF-8 text, or nothing. */
  record Recorded(long number) implements FromWorker {
    @Override
    public int field() {
      return 16;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
    }
  }

  /** Something was logged. Payload: a {@link LogRecord}. */
  record Log() implements FromWorker {
    @Override
    public int field() {
      return 11;
    }
  }

  /**
   * The worker needs what its class path has not got.
   *
   * @param number of this question
   * @param loader where to look; see {@link ToWorker.Run#loader}
   * @param kind one of the constants
   * @param name the binary name of a class, or the name of a resource
   * @param lacking whether the class path of the worker has been looked at
   */
  record Wanted(long number, long loader, int kind, String name, boolean lacking)
      implements FromWorker {
    /** A class. */
    public static final int CLASS = 0;

    /** All resources of a name, but for those of the class path. */
    public static final int RESOURCES = 1;

    @Override
    public int field() {
      return 13;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
      out.uint(2, loader);
      out.uint(3, kind);
      out.string(4, name);
      out.bool(5, lacking);
    }

    static Wanted read(FieldReader in) throws IOException {
      long number = 0;
      long loader = 0;
      int kind = 0;
      String name = "";
      boolean lacking = false;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            number = in.uint64();
            break;
          case 2:
            loader = in.uint64();
            break;
          case 3:
            kind = in.uint32();
            break;
          case 4:
            name = in.string();
            break;
          case 5:
            lacking = in.bool();
            break;
          default:
            in.skip();
        }
      }
      return new Wanted(number, loader, kind, name, lacking);
    }
  }
}
