// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.TaskFunction;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Converts a line and calls a static method with it, in the worker. The value that travels back is a string, a number, a
 * boolean or null; anything else becomes its text there, so a result need not be serializable. Safe for use by multiple
 * threads.
 */
final class MethodFunction implements TaskFunction<Object, @Nullable Object> {
  private static final long serialVersionUID = 1;

  private final String className;
  private final String methodName;
  private final String parameterName;
  private transient volatile @Nullable Call call;

  private record Call(Method method, LineConverter converter) {}

  MethodFunction(Method method) {
    this.className = method.getDeclaringClass().getName();
    this.methodName = method.getName();
    this.parameterName = method.getParameterTypes()[0].getName();
    this.call = callOf(method);
  }

  private static Call callOf(Method method) {
    LineConverter converter = LineConverter.of(method.getParameterTypes()[0]);
    if (converter == null) {
      throw new IllegalStateException(
          "no line can be converted for " + MethodTarget.describe(method));
    }
    return new Call(method, converter);
  }

  /** Calls the method; the line comes as text, or as bytes if it is not UTF-8. */
  @Override
  @SuppressWarnings("NullAway") // does not see that the result's type is nullable
  public @Nullable Object apply(Object line) throws Exception {
    if (line instanceof byte[]) {
      throw new NotUtf8Exception();
    }
    Call target = call;
    if (target == null) {
      target = find();
      call = target;
    }
    Object argument = target.converter().convert((String) line);
    try {
      return portable(target.method().invoke(null, argument));
    } catch (InvocationTargetException e) {
      throw LineConverter.unwrapped(e);
    }
  }

  private Call find() throws ReflectiveOperationException {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    ClassLoader loader = context != null ? context : MethodFunction.class.getClassLoader();
    for (Method method : Class.forName(className, true, loader).getMethods()) {
      if (method.getName().equals(methodName)
          && method.getParameterCount() == 1
          && method.getParameterTypes()[0].getName().equals(parameterName)) {
        return callOf(method);
      }
    }
    throw new NoSuchMethodException(className + "::" + methodName + "(" + parameterName + ")");
  }

  private static @Nullable Object portable(@Nullable Object value) {
    if (value == null
        || value instanceof String
        || value instanceof Boolean
        || (value instanceof Number && value.getClass().getName().startsWith("java."))) {
      return value;
    }
    if (value.getClass().isArray()) {
      List<@Nullable Object> items = new ArrayList<>();
      for (int i = 0; i < Array.getLength(value); i++) {
        items.add(portable(Array.get(value, i)));
      }
      return items.toString();
    }
    return value.toString();
  }

  @Override
  public String toString() {
    return className + "::" + methodName;
  }
}
