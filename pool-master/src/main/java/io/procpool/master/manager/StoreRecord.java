// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What is in the journal of a store, one thing after the other. The state of an object is its STATE, STATE_CHANGED as often as needed, and STATE_END; it counts
 * from its end on, instead of all that was said about the object before.
 */
final class StoreRecord {
  /** An object was made: {@link Origin}. */
  static final int OPENED = 1;

  /** An object was changed: its number, {@link Change}. */
  static final int CHANGED = 2;

  /** An object is no more: its number. */
  static final int DROPPED = 3;

  /** The state of an object begins: its number. */
  static final int STATE = 4;

  /** A part of that: its number, {@link Change}. */
  static final int STATE_CHANGED = 5;

  /** And its end: its number. */
  static final int STATE_END = 6;

  /** All objects have their state in this generation: the bytes of those, and the highest number that an object had. */
  static final int COMPLETE = 7;

  /** An object that is there when this generation begins; its state follows later: {@link Origin}. */
  static final int DECLARED = 8;

  /** An object has no name any more: its number. */
  static final int UNNAMED = 9;

  /** No object has a higher number, not even one that is not kept: that number. */
  static final int RESERVED = 10;

  private StoreRecord() {}

  /** What an object was made from: its number, kind, name if it has one, and the encoded arguments that its kind needs. */
  static final class Origin {
    final long number;
    final String kind;
    final @Nullable String name;
    final byte[] arguments;

    Origin(long number, String kind, @Nullable String name, byte[] arguments) {
      this.number = number;
      this.kind = kind;
      this.name = name;
      this.arguments = arguments;
    }

    Origin withoutName() {
      return new Origin(number, kind, null, arguments);
    }

    static Origin read(PayloadReader in) throws PayloadFormatException {
      long number = in.getLong();
      String kind = text(in);
      String name = in.getByte() == 0 ? null : text(in);
      return new Origin(number, kind, name, in.getBytes(in.remaining()));
    }

    private static String text(PayloadReader in) throws PayloadFormatException {
      return new String(in.getBytes(in.getVarint()), StandardCharsets.UTF_8);
    }

    /** Names it, for people. */
    @Override
    public String toString() {
      return kind + (name == null ? " " + number : " \"" + name + "\"");
    }
  }

  static byte[] opened(Origin origin) {
    return origin(OPENED, origin);
  }

  static byte[] declared(Origin origin) {
    return origin(DECLARED, origin);
  }

  static byte[] unnamed(long number) {
    return begin(UNNAMED, number).toByteArray();
  }

  static byte[] state(long number) {
    return begin(STATE, number).toByteArray();
  }

  private static byte[] origin(int type, Origin origin) {
    PayloadWriter out = begin(type, origin.number);
    put(out, origin.kind);
    String name = origin.name;
    out.putByte(name == null ? 0 : 1);
    if (name != null) {
      put(out, name);
    }
    out.putBytes(origin.arguments);
    return out.toByteArray();
  }

  private static void put(PayloadWriter out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.putVarint(bytes.length);
    out.putBytes(bytes);
  }

  static byte[] changed(long number, Change change) {
    return change(CHANGED, number, change);
  }

  static byte[] stateChanged(long number, Change change) {
    return change(STATE_CHANGED, number, change);
  }

  private static byte[] change(int type, long number, Change change) {
    PayloadWriter out = begin(type, number);
    change.writeTo(out);
    return out.toByteArray();
  }

  static byte[] stateEnd(long number) {
    return begin(STATE_END, number).toByteArray();
  }

  static byte[] dropped(long number) {
    return begin(DROPPED, number).toByteArray();
  }

  static byte[] reserved(long number) {
    return begin(RESERVED, number).toByteArray();
  }

  /** Encodes what is needed to find what a method has returned to stay: the number of the object that has returned it, its place there, and its interface. */
  static byte[] returned(Family.Member member, Class<?> type) {
    PayloadWriter out = new PayloadWriter();
    try {
      ValueCodec.write(out, member.family().number());
      ValueCodec.write(out, member.place());
      ValueCodec.write(out, type);
    } catch (UnencodableValueException e) {
      throw new AssertionError("numbers and a class", e);
    }
    return out.toByteArray();
  }

  static byte[] complete(long liveBytes, long highest) {
    PayloadWriter out = begin(COMPLETE, liveBytes);
    out.putLong(highest);
    return out.toByteArray();
  }

  private static PayloadWriter begin(int type, long number) {
    PayloadWriter out = new PayloadWriter();
    out.putByte(type);
    out.putLong(number);
    return out;
  }
}
