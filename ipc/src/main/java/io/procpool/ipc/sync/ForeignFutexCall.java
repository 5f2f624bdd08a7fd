// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Calls futex(2) with the foreign functions of JDK 22 and later, which the compiler for 17 does not know. */
final class ForeignFutexCall extends FutexCall {
  private static final int FIRST_JDK = 22;
  private static final int PARAMETERS = 7;

  private final MethodHandle syscall;
  private final MethodHandle address;
  private final long number;

  private ForeignFutexCall(MethodHandle syscall, MethodHandle address, long number) {
    this.syscall = syscall;
    this.address = address;
    this.number = number;
  }

  static @Nullable ForeignFutexCall find(long number) {
    if (Runtime.version().feature() < FIRST_JDK) {
      return null;
    }
    try {
      return new ForeignFutexCall(syscall(), address(), number);
    } catch (ReflectiveOperationException | RuntimeException | LinkageError denied) {
      return null;
    }
  }

  /** Linker.nativeLinker().downcallHandle(defaultLookup().find("syscall").get(), FunctionDescriptor.of(long, long...)). */
  private static MethodHandle syscall() throws ReflectiveOperationException {
    Class<?> linkerType = Class.forName("java.lang.foreign.Linker");
    Class<?> segmentType = Class.forName("java.lang.foreign.MemorySegment");
    Class<?> layoutType = Class.forName("java.lang.foreign.MemoryLayout");
    Class<?> descriptorType = Class.forName("java.lang.foreign.FunctionDescriptor");
    Class<?> optionType = Class.forName("java.lang.foreign.Linker$Option");
    Object longLayout =
        Class.forName("java.lang.foreign.ValueLayout").getField("JAVA_LONG").get(null);
    Object parameters = Array.newInstance(layoutType, PARAMETERS);
    Arrays.fill((Object[]) parameters, longLayout);
    Object descriptor = descriptorType
        .getMethod("of", layoutType, parameters.getClass())
        .invoke(null, longLayout, parameters);
    Object linker = linkerType.getMethod("nativeLinker").invoke(null);
    Object lookup = linkerType.getMethod("defaultLookup").invoke(linker);
    Optional<?> symbol = (Optional<?>) Class.forName("java.lang.foreign.SymbolLookup")
        .getMethod("find", String.class)
        .invoke(lookup, "syscall");
    Object options = Array.newInstance(optionType, 0);
    return (MethodHandle) linkerType
        .getMethod("downcallHandle", segmentType, descriptorType, options.getClass())
        .invoke(linker, symbol.orElseThrow(), descriptor, options);
  }

  /** MemorySegment.ofBuffer(buffer).address(). */
  private static MethodHandle address() throws ReflectiveOperationException {
    Class<?> segmentType = Class.forName("java.lang.foreign.MemorySegment");
    MethodHandles.Lookup lookup = MethodHandles.publicLookup();
    MethodHandle ofBuffer = lookup.findStatic(
        segmentType, "ofBuffer", MethodType.methodType(segmentType, Buffer.class));
    MethodHandle address =
        lookup.findVirtual(segmentType, "address", MethodType.methodType(long.class));
    return MethodHandles.filterReturnValue(ofBuffer, address)
        .asType(MethodType.methodType(long.class, ByteBuffer.class));
  }

  @Override
  long address(ByteBuffer direct) {
    try {
      return (long) address.invokeExact(direct);
    } catch (Throwable e) {
      throw new IllegalStateException("the address of a buffer cannot be found", e);
    }
  }

  @Override
  void futex(long at, int operation, int value, long timeAddress) {
    try {
      long ignored = (long)
          syscall.invokeExact(number, at, (long) operation, (long) value, timeAddress, 0L, 0L);
    } catch (Throwable e) {
      throw new IllegalStateException("futex cannot be called", e);
    }
  }
}
