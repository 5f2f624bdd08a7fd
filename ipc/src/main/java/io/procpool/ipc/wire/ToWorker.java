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
          message = new Stop(in.message().soleNumber());
          break;
        case 10:
          message = Given.read(in.message());
          break;
        case 7:
          message = ShowStack.read(in.message());
          break;
        case 8:
          in.message();
          message = new ShowThreads();
          break;
        case 12:
          message = Record.read(in.message());
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
   * @param loader that of the initializer; see {@link Run#loader}
   * @param chaos the encoded {@link io.procpool.Chaos}, or nothing; not copied
   * @param debugger whether it is to say where it listens for a debugger
   */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares these
  record Welcome(
      boolean reportStarts,
      long maxHeapBytesAfterGc,
      int logLevel,
      long loader,
      byte[] chaos,
      boolean debugger)
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
      out.uint(5, loader);
      out.bytes(6, chaos);
      out.bool(7, debugger);
    }

    static Welcome read(FieldReader in) throws IOException {
      boolean reportStarts = false;
      long maxHeapBytesAfterGc = 0;
      int logLevel = 0;
      long loader = 0;
      byte[] chaos = new byte[0];
      boolean debugger = false;
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
          case 5:
            loader = in.uint64();
            break;
          case 6:
            chaos = in.bytes();
            break;
          case 7:
            debugger = in.bool();
            break;
          default:
            in.skip();
        }
      }
      return new Welcome(reportStarts, maxHeapBytesAfterGc, logLevel, loader, chaos, debugger);
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
   * @param loader where the master looks for classes that the class path lacks: a number, doubled, plus 1 if they may hide those of the class path; zero if the class path has all
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
      boolean watched,
      long loader)
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
      out.uint(18, loader);
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
      long loader = 0;
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
          case 18:
            loader = in.uint64();
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
          watched,
          loader);
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
          false,
          0);
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

  /** Asks what all threads of the process do. */
  record ShowThreads() implements ToWorker {
    @Override
    public int field() {
      return 8;
    }
  }

  /**
   * Begins or ends a flight recording; answered in the order of these messages.
   *
   * @param number of this order
   * @param recording number of the recording
   * @param settings name of its settings, if it is to begin; else empty
   * @param place directory for its data, if it is to begin
   * @param file where to write it, if it is to end; empty: it is dropped
   */
  record Record(long number, long recording, String settings, String place, String file)
      implements ToWorker {
    @Override
    public int field() {
      return 12;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
      out.uint(2, recording);
      out.string(3, settings);
      out.string(4, place);
      out.string(5, file);
    }

    static Record read(FieldReader in) throws IOException {
      long number = 0;
      long recording = 0;
      String settings = "";
      String place = "";
      String file = "";
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            number = in.uint64();
            break;
          case 2:
            recording = in.uint64();
            break;
          case 3:
            settings = in.string();
            break;
          case 4:
            place = in.string();
            break;
          case 5:
            file = in.string();
            break;
          default:
            in.skip();
        }
      }
      return new Record(number, recording, settings, place, file);
    }
  }

  /**
   * Exit: nothing more will come. Payload: the encoded finalizer, which is run before, or nothing.
   *
   * @param loader that of the finalizer; see {@link Run#loader}
   */
  record Stop(long loader) implements ToWorker {
    @Override
    public int field() {
      return 6;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, loader);
    }
  }

  /**
   * The answer to a {@link FromWorker.Wanted}. Payload: the bytes of the class; or of each resource its length in four bytes, and its bytes.
   *
   * @param number that of the question
   * @param outcome one of the constants
   * @param definer of a class: the loader it belongs to; see {@link Run#loader}
   * @param reason why it is missing
   */
  record Given(long number, int outcome, long definer, String reason) implements ToWorker {
    /** It is in the payload. */
    public static final int FOUND = 0;

    /** It is to be looked for in the class path of the worker. */
    public static final int OF_CLASS_PATH = 1;

    /** It cannot be had. */
    public static final int MISSING = 2;

    @Override
    public int field() {
      return 10;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
      out.uint(2, outcome);
      out.uint(3, definer);
      out.string(4, reason);
    }

    static Given read(FieldReader in) throws IOException {
      long number = 0;
      int outcome = 0;
      long definer = 0;
      String reason = "";
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            number = in.uint64();
            break;
          case 2:
            outcome = in.uint32();
            break;
          case 3:
            definer = in.uint64();
            break;
          case 4:
            reason = in.string();
            break;
          default:
            in.skip();
        }
      }
      return new Given(number, outcome, definer, reason);
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
