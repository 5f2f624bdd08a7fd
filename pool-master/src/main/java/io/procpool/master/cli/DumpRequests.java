// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Notices that this JVM was asked for a thread dump, by SIGQUIT (Ctrl-\), once it has printed it. Safe for use by multiple threads. */
final class DumpRequests {
  /*
   * SIGQUIT belongs to the JVM, which refuses it to sun.misc.Signal; a handler of our own in its place would be code that runs in the middle of anything. But having dumped its threads the JVM tells whoever asked
   * through its tool interface (JVMTI, the event DataDumpRequest), in an ordinary Java thread, the one that deals with all signals. So that is only told to release a semaphore.
   */
  private static final int JVMTI_VERSION = 0x30010200;
  private static final int GET_ENV = 6; // in the table of a JavaVM
  private static final int SET_EVENT_NOTIFICATION_MODE = 1; // in the table of a jvmtiEnv
  private static final int SET_EVENT_CALLBACKS = 121;
  private static final int ENABLE = 1;
  private static final int DATA_DUMP_REQUEST = 71;
  private static final int FIRST_EVENT = 50;
  private static final int CALLBACKS = DATA_DUMP_REQUEST - FIRST_EVENT + 1;

  private static final Semaphore REQUESTS = new Semaphore(0);
  private static @Nullable DataDumpRequest callback; // kept, because the JVM has its address

  private DumpRequests() {}

  /** What the JVM calls. */
  interface DataDumpRequest extends Callback {
    void requested(Pointer environment);
  }

  /** Waits until a thread dump has been asked for. Returns false if this JVM does not tell. */
  static boolean await() throws InterruptedException {
    if (!listen()) {
      return false;
    }
    REQUESTS.acquire();
    REQUESTS.drainPermits();
    return true;
  }

  private static synchronized boolean listen() {
    if (callback != null) {
      return true;
    }
    try {
      DataDumpRequest made = environment -> REQUESTS.release();
      if (!register(CallbackReference.getFunctionPointer(made))) {
        return false;
      }
      callback = made;
      return true;
    } catch (LinkageError | RuntimeException notThisJvm) {
      return false;
    }
  }

  private static boolean register(Pointer function) {
    PointerByReference vm = new PointerByReference();
    IntByReference count = new IntByReference();
    Function created = NativeLibrary.getProcess().getFunction("JNI_GetCreatedJavaVMs");
    if (created.invokeInt(new Object[] {vm, 1, count}) != 0 || count.getValue() != 1) {
      return false;
    }
    PointerByReference environment = new PointerByReference();
    Function getEnv = entry(vm.getValue(), GET_ENV);
    if (getEnv.invokeInt(new Object[] {vm.getValue(), environment, JVMTI_VERSION}) != 0) {
      return false;
    }
    Pointer jvmti = environment.getValue();
    Memory callbacks = new Memory((long) CALLBACKS * Native.POINTER_SIZE);
    callbacks.clear();
    callbacks.setPointer((CALLBACKS - 1L) * Native.POINTER_SIZE, function);
    return entry(jvmti, SET_EVENT_CALLBACKS)
                .invokeInt(new Object[] {jvmti, callbacks, (int) callbacks.size()})
            == 0
        && entry(jvmti, SET_EVENT_NOTIFICATION_MODE)
                .invokeInt(new Object[] {jvmti, ENABLE, DATA_DUMP_REQUEST, Pointer.NULL})
            == 0;
  }

  /** Returns an entry of the table of functions that an object of the JVM begins with. */
  private static Function entry(Pointer object, int index) {
    return Function.getFunction(
        object.getPointer(0).getPointer((long) index * Native.POINTER_SIZE));
  }
}
