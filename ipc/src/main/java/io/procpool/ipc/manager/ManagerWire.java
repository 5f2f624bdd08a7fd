// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.wire.FieldReader;
import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.WireMessage;

/** How what client and server say is put into messages of a connection: length of the header, header, payload. */
public final class ManagerWire {
  /** Version of what is said after the handshake. */
  public static final int VERSION = 1;

  /** The longest message of a client. */
  public static final int MAX_CALL_BYTES = 256 << 20;

  /** The number of the server itself among its objects. */
  public static final long SERVER = 0;

  /** Makes an object, or finds the one of a name: its kind, name or null, and what that kind needs to be made; returns its number. */
  public static final String OPEN = "open(String,String,Object...)";

  /** Returns keys and values of a map in turn, as one list. */
  public static final String ENTRIES = "entries()";

  /** Returns the elements of a collection as a list. */
  public static final String ELEMENTS = "elements()";

  /** Before the name of a registered type: that kind of objects; it needs the name of the interface that the client has. */
  public static final String REGISTERED = "registered ";

  /** The kind of an object that is made by a factory of the client's; it needs the interface and the factory. */
  public static final String CREATED = "created object";

  /** Has an object made that is made when it is first used; fails as that does. */
  public static final String MADE = "made()";

  /**
   * Before an operation that returns a list: returns the number of an object that has the rest, or 0, and then, one behind the other, the first elements. The rest is
   * got from that object by {@link #NEXT}, likewise.
   */
  public static final String PAGED = "paged:";

  /** Returns the next elements of a list that is returned in pages. */
  public static final String NEXT = "next()";

  /** Before an operation: with what it returns also returns, before that and in a list, the number of changes that the object has seen. */
  public static final String STAMPED = "stamped:";

  /** Before an operation: its first argument is such a number; it is done if there was no change since, and true is returned, else false. */
  public static final String UNCHANGED = "unchanged:";

  /** Before an operation of a sorted map: it is done with a part of it; the first arguments say which: {@link #HAS_LOW} and so on, low key, high key. */
  public static final String RANGE = "range:";

  /** The part has a lowest key. */
  public static final int HAS_LOW = 1;

  /** That key is in it. */
  public static final int LOW_INCLUSIVE = 2;

  /** The part has a highest key. */
  public static final int HAS_HIGH = 4;

  /** That key is in it. */
  public static final int HIGH_INCLUSIVE = 8;

  /** The part goes from its highest key to its lowest. */
  public static final int DESCENDING = 16;

  /** Asks for an object that is on its way to this process: its number and the ticket; returns whether it is there. */
  public static final String CLAIM = "claim(long,long)";

  /** No ticket: nothing keeps an object for a handle that is on its way. */
  public static final long NO_TICKET = 0;

  /** Has the client told what changes in an object: the number of the subscription, which the client chooses, and whether only keys are wanted. */
  public static final String LISTEN = "listen(long,boolean)";

  /** Ends a subscription: its number. */
  public static final String UNLISTEN = "unlisten(long)";

  /** Says that a function that runs on the server waits for a call from now on: the number of the function's turn, and that of the call; fails if they would wait for each other. */
  public static final String WAIT = "wait(long,long)";

  private ManagerWire() {}

  /** Begins a message with its header. */
  public static void begin(PayloadWriter out, WireMessage header) {
    FieldWriter fields = new FieldWriter();
    header.writeTo(fields);
    out.putVarint(fields.length());
    out.putBytes(fields.array(), 0, fields.length());
  }

  /** Takes the header out of a message. */
  public static FieldReader header(PayloadReader message) throws PayloadFormatException {
    int length = message.getVarint();
    return new FieldReader(message.getBytes(length), 0, length);
  }
}
