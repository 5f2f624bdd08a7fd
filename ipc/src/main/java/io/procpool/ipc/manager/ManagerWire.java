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

  /** Asks for an object that is on its way to this process: its number and the ticket; returns whether it is there. */
  public static final String CLAIM = "claim(long,long)";

  /** No ticket: nothing keeps an object for a handle that is on its way. */
  public static final long NO_TICKET = 0;

  /** Has the client told what changes in an object: the number of the subscription, which the client chooses, and whether only keys are wanted. */
  public static final String LISTEN = "listen(long,boolean)";

  /** Ends a subscription: its number. */
  public static final String UNLISTEN = "unlisten(long)";

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
