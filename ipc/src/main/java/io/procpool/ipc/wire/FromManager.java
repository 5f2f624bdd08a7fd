// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What the server of a manager says to a client. */
public sealed interface FromManager extends WireMessage {
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
  static FromManager read(FieldReader in) throws IOException {
    FromManager message = null;
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          message = Welcome.read(in.message());
          break;
        case 2:
          message = Reply.read(in.message());
          break;
        case 3:
          message = Event.read(in.message());
          break;
        default:
          in.skip();
      }
    }
    if (message == null) {
      throw new IOException("the server sent a message of a kind that is not known here");
    }
    return message;
  }

  /**
   * The answer to a client's first message.
   *
   * @param version which the server speaks
   * @param server random name of the server, another one each time one is started
   */
  record Welcome(int version, String server) implements FromManager {
    @Override
    public int field() {
      return 1;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, version);
      out.string(2, server);
    }

    private static Welcome read(FieldReader in) throws IOException {
      int version = 0;
      String server = "";
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            version = in.uint32();
            break;
          case 2:
            server = in.string();
            break;
          default:
            in.skip();
        }
      }
      return new Welcome(version, server);
    }
  }

  /**
   * What came of a call.
   *
   * @param outcome one of the constants here; what the payload is depends on it
   * @param objects whose handles are in the payload, as often as they are, or that were opened; the client has them from now on
   */
  record Reply(long number, int outcome, List<Long> objects) implements FromManager {
    /** Payload: the encoded value that the operation has returned. */
    public static final int RETURNED = 0;

    /** Payload: what the operation has thrown. */
    public static final int THREW = 1;

    /** Payload: an encoded text that says why it was not even tried. */
    public static final int REFUSED = 2;

    /** No payload. It was cancelled before it began. */
    public static final int CANCELLED = 3;

    @Override
    public int field() {
      return 2;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, number);
      out.uint(2, outcome);
      for (long sent : objects) {
        out.uint(3, sent);
      }
    }

    private static Reply read(FieldReader in) throws IOException {
      long number = 0;
      int outcome = 0;
      List<Long> objects = List.of();
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            number = in.uint64();
            break;
          case 2:
            outcome = in.uint32();
            break;
          case 3:
            objects = objects.isEmpty() ? new ArrayList<>() : objects;
            objects.add(in.uint64());
            break;
          default:
            in.skip();
        }
      }
      return new Reply(number, outcome, objects);
    }
  }

  /**
   * Something has changed in an object. Payload: how many places; of each its key, and if they are wanted where it is, how many values were there, they, and those
   * that are there now.
   *
   * @param subscription the number that the client gave it
   * @param objects whose handles are in it: the client has them from now on
   */
  record Event(long subscription, List<Long> objects) implements FromManager {
    @Override
    public int field() {
      return 3;
    }

    @Override
    public void writeBody(FieldWriter out) {
      out.uint(1, subscription);
      for (long sent : objects) {
        out.uint(2, sent);
      }
    }

    private static Event read(FieldReader in) throws IOException {
      long subscription = 0;
      List<Long> objects = List.of();
      for (int field = in.next(); field != 0; field = in.next()) {
        switch (field) {
          case 1:
            subscription = in.uint64();
            break;
          case 2:
            objects = objects.isEmpty() ? new ArrayList<>() : objects;
            objects.add(in.uint64());
            break;
          default:
            in.skip();
        }
      }
      return new Event(subscription, objects);
    }
  }
}
