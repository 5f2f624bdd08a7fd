// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputFilter;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * Encodes a function: a serializable lambda or method reference by the names of its parts and what it captures, any other
 * serializable object as {@link ValueCodec} does. What comes back behaves as after JDK serialization. A lambda needs the
 * same compiled class on both sides.
 *
 * <p>The encoding of a {@linkplain #isStateless stateless} function depends on its class only: encode it once and keep the
 * bytes. Safe for use by multiple threads.
 */
public final class FunctionCodec {
  private static final ClassValue<@Nullable Method> DESERIALIZERS =
      new ClassValue<@Nullable Method>() {
        @Override
        protected @Nullable Method computeValue(Class<?> type) {
          return deserializerOf(type);
        }
      };

  private FunctionCodec() {}

  /**
   * Writes a function.
   *
   * @throws UnencodableValueException if it, or something it captures, cannot be serialized; the writer is where it was
   * @throws PayloadTooLargeException beyond the limit of a growing writer; the writer is where it was
   * @throws PayloadFullException at the end of a fixed writer; the writer is where it was
   */
  public static void write(PayloadWriter writer, Object function) throws UnencodableValueException {
    ValueCodec.write(writer, function);
  }

  /**
   * Reads a function.
   *
   * @param loader what finds the classes that the function names
   * @param filter what may refuse classes, or null to refuse none
   * @throws UndecodableValueException if the bytes are whole but the function cannot be rebuilt here
   * @throws PayloadFormatException if the bytes are not a function
   */
  public static Object read(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    Object function = ValueCodec.read(reader, loader, filter);
    if (function == null) {
      throw new PayloadFormatException("a function was expected, not null");
    }
    return function;
  }

  /** Whether the object is a lambda or method reference that captures nothing. */
  public static boolean isStateless(Object function) {
    LambdaShape.Head head = headOf(function);
    return head != null && head.capturedCount() == 0;
  }

  /** Returns a name for messages, such as {@code Squares::square}, {@code Main.lambda$main$0} or {@code Render}. */
  public static String nameOf(Object function) {
    LambdaShape.Head head = headOf(function);
    if (head != null) {
      return head.name();
    }
    Class<?> type = function.getClass();
    String name = type.getName();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static LambdaShape.@Nullable Head headOf(Object function) {
    LambdaShape shape = LambdaShape.of(function.getClass());
    if (shape == null) {
      return null;
    }
    LambdaShape.Head known = shape.head();
    if (known != null) {
      return known;
    }
    SerializedLambda parts = shape.takeApart(function);
    return parts == null ? null : shape.head(parts);
  }

  static void writeLambda(PayloadWriter writer, Object lambda, LambdaShape shape, int depth)
      throws UnencodableValueException {
    LambdaShape.Head known = shape.head();
    if (known != null && known.capturedCount() == 0) {
      writer.putBytes(known.bytes());
      ValueCodec.writeAll(writer, NOTHING, depth);
      return;
    }
    SerializedLambda parts = shape.takeApart(lambda);
    if (parts == null) {
      writer.position(writer.position() - 1);
      writer.putByte(ValueCodec.JDK);
      JdkCodec.write(writer, lambda, Integer.MAX_VALUE);
      return;
    }
    writer.putBytes(shape.head(parts).bytes());
    @Nullable Object[] captured = new @Nullable Object[parts.getCapturedArgCount()];
    for (int i = 0; i < captured.length; i++) {
      captured[i] = parts.getCapturedArg(i);
    }
    ValueCodec.writeAll(writer, captured, depth);
  }

  private static final @Nullable Object[] NOTHING = {};

  static Object readLambda(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter, int depth)
      throws PayloadFormatException {
    String capturingClass = ValueCodec.readString(reader).replace('/', '.');
    String interfaceClass = ValueCodec.readString(reader);
    String interfaceMethod = ValueCodec.readString(reader);
    String interfaceSignature = ValueCodec.readString(reader);
    int kind = reader.getByte();
    String implClass = ValueCodec.readString(reader);
    String implMethod = ValueCodec.readString(reader);
    String implSignature = ValueCodec.readString(reader);
    String instantiatedType = ValueCodec.readString(reader);
    @Nullable Object[] captured = ValueCodec.readAll(reader, loader, filter, depth);
    try {
      Class<?> capturing = Class.forName(capturingClass, false, loader);
      PayloadFilter.checkClass(capturing, filter);
      PayloadFilter.checkClass(SerializedLambda.class, filter);
      SerializedLambda parts = new SerializedLambda(
          capturing,
          interfaceClass,
          interfaceMethod,
          interfaceSignature,
          kind,
          implClass,
          implMethod,
          implSignature,
          instantiatedType,
          captured);
      return putTogether(capturing, parts, loader, filter);
    } catch (ClassNotFoundException e) {
      throw new UndecodableValueException("class not found here: " + e.getMessage(), e);
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof OutOfMemoryError error) {
        throw error;
      }
      throw new UndecodableValueException(
          "class "
              + capturingClass
              + " has no such lambda here: "
              + implMethod
              + implSignature
              + "; both sides need the same compiled class ("
              + cause
              + ")",
          cause);
    } catch (IllegalAccessException | RuntimeException | LinkageError e) {
      throw new UndecodableValueException(
          "a lambda of class " + capturingClass + " cannot be rebuilt: " + e, e);
    }
  }

  private static Object putTogether(
      Class<?> capturing,
      SerializedLambda parts,
      ClassLoader loader,
      @Nullable ObjectInputFilter filter)
      throws PayloadFormatException, InvocationTargetException, IllegalAccessException {
    Method deserializer = DESERIALIZERS.get(capturing);
    Object lambda = deserializer == null
        ? putTogetherByJdk(parts, loader, filter)
        : deserializer.invoke(null, parts);
    if (lambda == null || lambda instanceof SerializedLambda) {
      throw new UndecodableValueException(
          "class " + capturing.getName() + " makes no lambdas of their parts",
          new InvalidObjectException(capturing.getName()));
    }
    return lambda;
  }

  private static @Nullable Method deserializerOf(Class<?> type) {
    try {
      Method method = type.getDeclaredMethod("$deserializeLambda$", SerializedLambda.class);
      method.setAccessible(true);
      return method;
    } catch (NoSuchMethodException | RuntimeException | LinkageError e) {
      return null; // none, or in a module that is closed to us: JDK serialization has the right, or
      // says what is wrong
    }
  }

  private static @Nullable Object putTogetherByJdk(
      SerializedLambda parts, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    PayloadWriter writer = new PayloadWriter();
    try {
      JdkCodec.write(writer, parts, Integer.MAX_VALUE);
    } catch (IOException e) {
      throw new UndecodableValueException("a lambda cannot be rebuilt: " + e.getMessage(), e);
    }
    return JdkCodec.read(new PayloadReader(writer.view()), loader, filter);
  }
}
