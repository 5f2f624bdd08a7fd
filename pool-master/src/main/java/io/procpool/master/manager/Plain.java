// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import org.jspecify.annotations.Nullable;

/** Reads arguments that are numbers, texts or null. Nothing else is decoded in the event loop, because that may run code of users. */
final class Plain {
  private Plain() {}

  /** Reads whatever of them is next. */
  static @Nullable Object read(PayloadReader arguments) throws PayloadFormatException {
    if (!ValueCodec.isPlainNext(arguments)) {
      throw new PayloadFormatException("neither number nor text");
    }
    return ValueCodec.read(arguments, ClassLoader.getSystemClassLoader());
  }

  static int readInt(PayloadReader arguments) throws PayloadFormatException {
    if (read(arguments) instanceof Integer number) {
      return number;
    }
    throw new PayloadFormatException("no int");
  }

  static long readLong(PayloadReader arguments) throws PayloadFormatException {
    if (read(arguments) instanceof Long number) {
      return number;
    }
    throw new PayloadFormatException("no long");
  }

  /** Reads a time to wait in nanoseconds: 0 for none, {@link WaitingLine#FOREVER} for no end. */
  static long readNanos(PayloadReader arguments) throws PayloadFormatException {
    long nanos = readLong(arguments);
    if (nanos < 0) {
      throw new PayloadFormatException("no time to wait: " + nanos);
    }
    return nanos;
  }

  static boolean readBoolean(PayloadReader arguments) throws PayloadFormatException {
    if (read(arguments) instanceof Boolean truth) {
      return truth;
    }
    throw new PayloadFormatException("no boolean");
  }
}
