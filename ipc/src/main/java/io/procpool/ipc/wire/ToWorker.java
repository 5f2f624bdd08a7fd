// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;

/** What the master says to a worker. */
public sealed interface ToWorker extends WireMessage {
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

  /** Reads a message. */
  static ToWorker read(byte[] bytes) throws IOException {
    FieldReader in = new FieldReader(bytes, 0, bytes.length);
    ToWorker message = null;
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          message = Welcome.read(in.message());
          break;
        case 2:
          message = Run.read(in.message());
          break;
        case 3:
          message = new Interrupt((int) in.message().soleNumber());
          break;
        case 4:
          message = Forget.read(in.message());
          break;
        case 5:
          message = new Ping(in.message().soleNumber());
          break;
        case 6:
          in.message();
          message = new Stop();
          break;
        case 7:
          message = ShowStack.read(in.message());
          break;
        default:
          in.skip();
      }
    }
    if (message == null) {
      throw new IOException("the master sent a message of a kind that is not known here");
    }
    return message;
  }

  /**
   * The first message. Payload: the encoded initializer, or nothing.
   *
   * @param reportStarts whether the worker says when it begins a unit
   * @param maxHeapBytesAfterGc size of the heap after a collection above which the worker says so; zero: it need not look
   * @param logLevel least level of what is logged that the worker sends, from 1, trace, to 5, error; zero: nothing is sent
   * @param chaos the encoded {@link io.procpool.Chaos}, or nothing; not copied
   */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares these
  record Welcome(boolean reportStarts, long maxHeapBytesAfterGc, int logLevel, byte[] chaos)
      implements ToWorker {
    @Override
    public int field() {
      return 1;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.bool(1, reportStarts);
      out.uint(2, maxHeapBytesAfterGc);
      out.uint(4, logLevel);
      out.bytes(6, chaos);
    }

    static Welcome read(FieldReader in) throws IOException {
      boolean reportStarts = false;
      long maxHeapBytesAfterGc = 0;
      int logLevel = 0;
      byte[] chaos = new byte[0];
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            reportStarts = in.bool();
            break;
          case 2:
            maxHeapBytesAfterGc = in.uint64();
            break;
          case 4:
            logLevel = in.uint32();
            break;
          case 6:
            chaos = in.bytes();
            break;
          default:
            in.skip();
        }
      }
      return new Welcome(reportStarts, maxHeapBytesAfterGc, logLevel, chaos);
    }
  }

  /**
   * A unit: some consecutive items of one work. Payload: the encoded function ({@code functionBytes} of it), then the
   * arguments.
   *
   * @param taskId number of the first item of this unit
   * @param first place of that item in its work
   * @param functionBytes zero if the worker has the function already
   * @param keepFunction whether later units use the function, too
   * @param kind ordinal of a {@link io.procpool.ipc.FunctionKind}
   * @param timed whether an item has a limit, so that the beginning of each is noted
   * @param timeoutNanos the run timeout of an item; zero for none
   * @param soft whether an item that is overdue is interrupted first, so that this is looked for often
   * @param maxHeapBytes how much of the heap may be in use; zero for no limit
   * @param name the name that the caller gave; empty for none
   * @param earlierAttempts how many attempts have failed before this one
   * @param watched whether the master may ask where the task is, and wants an answer in a moment
   */
  record Run(
      int seq,
      long taskId,
      int first,
      int count,
      long functionId,
      int functionBytes,
      boolean keepFunction,
      int kind,
      boolean timed,
      long timeoutNanos,
      boolean soft,
      long maxHeapBytes,
      String name,
      int earlierAttempts,
      boolean watched)
      implements ToWorker {
    @Override
    public int field() {
      return 2;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, seq);
      out.uint(2, taskId);
      out.uint(3, first);
      out.uint(4, count);
      out.uint(5, functionId);
      out.uint(6, functionBytes);
      out.bool(7, keepFunction);
      out.uint(8, kind);
      out.bool(9, timed);
      out.uint(10, timeoutNanos);
      out.bool(11, soft);
      out.uint(12, maxHeapBytes);
      out.string(13, name);
      out.uint(14, earlierAttempts);
      out.bool(15, watched);
    }

    static Run read(FieldReader in) throws IOException {
      int seq = 0;
      long taskId = 0;
      int first = 0;
      int count = 0;
      long functionId = 0;
      int functionBytes = 0;
      boolean keepFunction = false;
      int kind = 0;
      boolean timed = false;
      long timeoutNanos = 0;
      boolean soft = false;
      long maxHeapBytes = 0;
      String name = "";
      int earlierAttempts = 0;
      boolean watched = false;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            seq = in.uint32();
            break;
          case 2:
            taskId = in.uint64();
            break;
          case 3:
            first = in.uint32();
            break;
          case 4:
            count = in.uint32();
            break;
          case 5:
            functionId = in.uint64();
            break;
          case 6:
            functionBytes = in.uint32();
            break;
          case 7:
            keepFunction = in.bool();
            break;
          case 8:
            kind = in.uint32();
            break;
          case 9:
            timed = in.bool();
            break;
          case 10:
            timeoutNanos = in.uint64();
            break;
          case 11:
            soft = in.bool();
            break;
          case 12:
            maxHeapBytes = in.uint64();
            break;
          case 13:
            name = in.string();
            break;
          case 14:
            earlierAttempts = in.uint32();
            break;
          case 15:
            watched = in.bool();
            break;
          default:
            in.skip();
        }
      }
      return new Run(
          seq,
          taskId,
          first,
          count,
          functionId,
          functionBytes,
          keepFunction,
          kind,
          timed,
          timeoutNanos,
          soft,
          maxHeapBytes,
          name,
          earlierAttempts,
          watched);
    }

    /** A unit without limits and name. */
    public static Run plain(
        int seq,
        long taskId,
        int first,
        int count,
        long functionId,
        int functionBytes,
        boolean keepFunction,
        int kind) {
      return new Run(
          seq,
          taskId,
          first,
          count,
          functionId,
          functionBytes,
          keepFunction,
          kind,
          false,
          0,
          false,
          0,
          "",
          0,
          false);
    }
  }

  /** Interrupts the task thread if it is at this unit. */
  record Interrupt(int seq) implements ToWorker {
    @Override
    public int field() {
      return 3;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, seq);
    }
  }

  /** These functions will not be used again. The array is not copied. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares these
  record Forget(long... functionIds) implements ToWorker {
    @Override
    public int field() {
      return 4;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.packed(1, functionIds);
    }

    static Forget read(FieldReader in) throws IOException {
      long[] functionIds = {};
      for (int field = in.next(); field != 0; field = in.next()) {
        if (field == 1) {
          functionIds = in.addTo(functionIds);
        } else {
          in.skip();
        }
      }
      return new Forget(functionIds);
    }
  }

  /** To be answered with a pong of the same number. */
  record Ping(long number) implements ToWorker {
    @Override
    public int field() {
      return 5;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
    }
  }

  /** Exit: nothing more will come. Payload: the encoded finalizer, which is run before, or nothing. */
  record Stop() implements ToWorker {
    @Override
    public int field() {
      return 6;
    }
  }

  /**
   * Asks where a task is, to be answered at once by a {@link FromWorker.Stack} if the item still runs.
   *
   * @param item number of the item within the unit
   */
  record ShowStack(int seq, int item) implements ToWorker {
    @Override
    public int field() {
      return 7;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, seq);
      out.uint(2, item);
    }

    static ShowStack read(FieldReader in) throws IOException {
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
      return new ShowStack(seq, item);
    }
  }
}
