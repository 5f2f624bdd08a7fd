// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Calls futex(2) with JNA, on JDKs without foreign functions. */
final class JnaFutexCall extends FutexCall {
  private final long number;

  private JnaFutexCall(long number) {
    this.number = number;
  }

  static @Nullable JnaFutexCall find(long number) {
    try {
      C.load();
      return new JnaFutexCall(number);
    } catch (LinkageError | RuntimeException denied) {
      return null; // no library for this system, or it cannot be unpacked
    }
  }

  @Override
  long address(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  @Override
  void futex(long address, int operation, int value, long timeAddress) {
    C.syscall(number, address, operation, value, timeAddress, 0, 0);
  }

  private static final class C {
    static {
      Native.register(C.class, "c");
    }

    private C() {}

    static void load() {
      // The class is loaded then.
    }

    static native long syscall(
        long number, long address, long operation, long value, long time, long second, long third);
  }
}
