// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.Serializable;
import java.lang.invoke.MethodHandleInfo;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/** What is the same for all instances of one lambda class: how to take one apart, and its encoded head. */
final class LambdaShape {
  private static final ClassValue<LambdaShape> SHAPES = new ClassValue<>() {
    @Override
    protected LambdaShape computeValue(Class<?> type) {
      return new LambdaShape(writeReplaceOf(type));
    }
  };

  private final @Nullable Method writeReplace;
  private volatile @Nullable Head head;

  /** The encoded names, the number of captured arguments, and a name for people. */
  record Head(byte[] bytes, int capturedCount, String name) {}

  private LambdaShape(@Nullable Method writeReplace) {
    this.writeReplace = writeReplace;
  }

  /** Returns the shape, or null if instances of the class are not serializable lambdas that can be taken apart. */
  static @Nullable LambdaShape of(Class<?> type) {
    if (!type.isHidden() && !type.isSynthetic()) {
      return null;
    }
    LambdaShape shape = SHAPES.get(type);
    return shape.writeReplace == null ? null : shape;
  }

  private static @Nullable Method writeReplaceOf(Class<?> type) {
    if (!Serializable.class.isAssignableFrom(type)) {
      return null;
    }
    try {
      Method method = type.getDeclaredMethod("writeReplace");
      method.setAccessible(true);
      return method;
    } catch (NoSuchMethodException | RuntimeException | LinkageError e) {
      return null; // not a lambda, or in a module that is closed to us: JDK serialization has the
      // right
    }
  }

  /** Takes a lambda apart; null if it is not one after all. */
  @Nullable
  SerializedLambda takeApart(Object lambda) {
    if (writeReplace == null) {
      return null;
    }
    try {
      return writeReplace.invoke(lambda) instanceof SerializedLambda parts ? parts : null;
    } catch (IllegalAccessException | InvocationTargetException e) {
      return null;
    }
  }

  /** Returns the head as it was made of an earlier instance, or null if there was none. */
  @Nullable
  Head head() {
    return head;
  }

  Head head(SerializedLambda parts) {
    Head known = head;
    if (known == null) {
      known = makeHead(parts);
      head = known;
    }
    return known;
  }

  private static Head makeHead(SerializedLambda parts) {
    PayloadWriter writer = new PayloadWriter();
    ValueCodec.writeString(writer, parts.getCapturingClass());
    ValueCodec.writeString(writer, parts.getFunctionalInterfaceClass());
    ValueCodec.writeString(writer, parts.getFunctionalInterfaceMethodName());
    ValueCodec.writeString(writer, parts.getFunctionalInterfaceMethodSignature());
    writer.putByte(parts.getImplMethodKind());
    ValueCodec.writeString(writer, parts.getImplClass());
    ValueCodec.writeString(writer, parts.getImplMethodName());
    ValueCodec.writeString(writer, parts.getImplMethodSignature());
    ValueCodec.writeString(writer, parts.getInstantiatedMethodType());
    return new Head(writer.toByteArray(), parts.getCapturedArgCount(), name(parts));
  }

  /** Whether the first captured argument is the enclosing object of a lambda. */
  static boolean capturesThis(SerializedLambda parts) {
    int kind = parts.getImplMethodKind();
    return parts.getCapturedArgCount() > 0
        && parts.getImplMethodName().startsWith("lambda$")
        && (kind == MethodHandleInfo.REF_invokeSpecial
            || kind == MethodHandleInfo.REF_invokeVirtual
            || kind == MethodHandleInfo.REF_invokeInterface);
  }

  private static String name(SerializedLambda parts) {
    String method = parts.getImplMethodName();
    String owner = parts.getImplClass();
    String simpleOwner =
        owner.substring(Math.max(owner.lastIndexOf('/'), owner.lastIndexOf('$')) + 1);
    return method.startsWith("lambda$")
        ? simpleOwner + "." + method
        : simpleOwner + "::" + (method.equals("<init>") ? "new" : method);
  }
}
