// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a client says to the server of a manager. */
public sealed interface ToManager extends WireMessage {
  /** The number of this kind of message in the schema. */
  int field();

  /** Writes what is in the message. */
  void writeBody(FieldWriter out);

  @Override
  default void writeTo(FieldWriter out) {
    int start = out.begin(field());
    writeBody(out);
    out.end(start);
  }

  /** Reads a message. */
  static ToManager read(FieldReader in) throws IOException {
    ToManager message = null;
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          message = Hello.read(in.message());
          break;
        case 2:
          message = Call.read(in.message());
          break;
        case 3:
          message = new Cancel(in.message().soleNumber());
          break;
        case 4:
          in.message();
          message = new Batch();
          break;
        case 5:
          message = Release.read(in.message());
          break;
        case 6:
          message = Lend.read(in.message());
          break;
        case 7:
          message = new TakeBack(in.message().soleNumber());
          break;
        default:
          in.skip();
      }
    }
    if (message == null) {
      throw new IOException("the client sent a message of a kind that is not known here");
    }
    return message;
  }

  /** The first message: who the client is, for messages to people. */
  record Hello(int version, long pid, String name) implements ToManager {
    @Override
    public int field() {
      return 1;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, version);
      out.uint(2, pid);
      out.string(3, name);
    }

    private static Hello read(FieldReader in) throws IOException {
      int version = 0;
      long pid = 0;
      String name = "";
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            version = in.uint32();
            break;
          case 2:
            pid = in.uint64();
            break;
          case 3:
            name = in.string();
            break;
          default:
            in.skip();
        }
      }
      return new Hello(version, pid, name);
    }
  }

  /**
   * Something that is to be done with an object. Payload: the encoded arguments.
   *
   * @param number chosen by the client, for the reply; one that has been replied to may be used again
   * @param object which; 0 is the server itself
   * @param operation method and erased types of its parameters, such as {@code get(Object)}
   * @param objects whose handles are in the arguments, as often as they are
   * @param turn the function that waits for it, if that runs on the server itself; else 0
   */
  record Call(long number, long object, String operation, List<Long> objects, long turn)
      implements ToManager {
    @Override
    public int field() {
      return 2;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
      out.uint(2, object);
      out.string(3, operation);
      for (long sent : objects) {
        out.uint(4, sent);
      }
      out.uint(5, turn);
    }

    private static Call read(FieldReader in) throws IOException {
      long number = 0;
      long object = 0;
      String operation = "";
      List<Long> objects = List.of();
      long turn = 0;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            number = in.uint64();
            break;
          case 2:
            object = in.uint64();
            break;
          case 3:
            operation = in.string();
            break;
          case 4:
            objects = objects.isEmpty() ? new ArrayList<>() : objects;
            objects.add(in.uint64());
            break;
          case 5:
            turn = in.uint64();
            break;
          default:
            in.skip();
        }
      }
      return new Call(number, object, operation, objects, turn);
    }
  }

  /** The client has lost interest in a call. If it has not begun it never will; there is one reply in any case. */
  record Cancel(long number) implements ToManager {
    @Override
    public int field() {
      return 3;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
    }
  }

  /** Several messages in one. Payload: for each its length, as an unsigned number of one to five bytes, and the message with its own payload. */
  record Batch() implements ToManager {
    @Override
    public int field() {
      return 4;
    }

    @Override
    public void writeBody(FieldWriter out) {
      // Nothing.
    }
  }

  /**
   * The client has no handle of an object any more.
   *
   * @param count how often it was told of it, by replies
   */
  record Release(long object, int count) implements ToManager {
    @Override
    public int field() {
      return 5;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, object);
      out.uint(2, count);
    }

    private static Release read(FieldReader in) throws IOException {
      long object = 0;
      int count = 0;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            object = in.uint64();
            break;
          case 2:
            count = in.uint32();
            break;
          default:
            in.skip();
        }
      }
      return new Release(object, count);
    }
  }

  /** A handle of an object is put into a message for another process; the server keeps the object for that. */
  record Lend(long object, long ticket) implements ToManager {
    @Override
    public int field() {
      return 6;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, object);
      out.uint(2, ticket);
    }

    private static Lend read(FieldReader in) throws IOException {
      long object = 0;
      long ticket = 0;
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            object = in.uint64();
            break;
          case 2:
            ticket = in.uint64();
            break;
          default:
            in.skip();
        }
      }
      return new Lend(object, ticket);
    }
  }

  /** What was lent has arrived, or never will. */
  record TakeBack(long ticket) implements ToManager {
    @Override
    public int field() {
      return 7;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, ticket);
    }
  }
}
