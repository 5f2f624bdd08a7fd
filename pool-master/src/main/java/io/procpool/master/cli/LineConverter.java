// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes a parameter's value of a line of text. Safe for use by multiple threads. */
@FunctionalInterface
interface LineConverter {
  /** The static methods that are tried, in this order. */
  List<String> FACTORIES = List.of("valueOf", "parse", "of", "fromString");

  /** Returns the value; whatever is thrown fails this line only. */
  @Nullable
  Object convert(String line) throws Exception;

  /** Returns the converter for a type, or null if there is none. */
  static @Nullable LineConverter of(Class<?> type) {
    if (type.isAssignableFrom(String.class)) { // String, CharSequence, Object, ...
      return line -> line;
    }
    LineConverter simple = simple(type);
    if (simple != null) {
      return simple;
    }
    if (type.isEnum()) {
      return line -> enumConstant(type, line.strip());
    }
    if (type.isPrimitive() || type.isArray() || !Modifier.isPublic(type.getModifiers())) {
      return null;
    }
    for (String name : FACTORIES) {
      for (Class<?> parameter : new Class<?>[] {String.class, CharSequence.class}) {
        LineConverter factory = factory(type, name, parameter);
        if (factory != null) {
          return factory;
        }
      }
    }
    return constructor(type);
  }

  private static @Nullable LineConverter simple(Class<?> type) {
    if (type == int.class || type == Integer.class) {
      return line -> Integer.valueOf(line.strip());
    }
    if (type == long.class || type == Long.class) {
      return line -> Long.valueOf(line.strip());
    }
    if (type == double.class || type == Double.class) {
      return line -> Double.valueOf(line.strip());
    }
    if (type == float.class || type == Float.class) {
      return line -> Float.valueOf(line.strip());
    }
    if (type == short.class || type == Short.class) {
      return line -> Short.valueOf(line.strip());
    }
    if (type == byte.class || type == Byte.class) {
      return line -> Byte.valueOf(line.strip());
    }
    if (type == boolean.class || type == Boolean.class) {
      return line -> toBoolean(line.strip());
    }
    if (type == char.class || type == Character.class) {
      return LineConverter::toCharacter;
    }
    if (type == Path.class) {
      return Path::of;
    }
    if (type == URI.class) {
      return line -> new URI(line.strip());
    }
    if (type == BigInteger.class) {
      return line -> new BigInteger(line.strip());
    }
    if (type == BigDecimal.class || type == Number.class) {
      return line -> new BigDecimal(line.strip());
    }
    return null;
  }

  private static Boolean toBoolean(String text) {
    if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false")) {
      return Boolean.valueOf(text);
    }
    throw new IllegalArgumentException("\"" + text + "\" is neither true nor false");
  }

  private static Character toCharacter(String line) {
    if (line.length() == 1) {
      return line.charAt(0);
    }
    throw new IllegalArgumentException("\"" + line + "\" is not one character");
  }

  private static Object enumConstant(Class<?> type, String name) {
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(name)) {
        return constant;
      }
    }
    throw new IllegalArgumentException("\"" + name + "\" is not one of "
        + List.of(type.getEnumConstants()) + " (" + type.getName() + ")");
  }

  private static @Nullable LineConverter factory(Class<?> type, String name, Class<?> parameter) {
    try {
      Method method = type.getMethod(name, parameter);
      if (!Modifier.isStatic(method.getModifiers())
          || !type.isAssignableFrom(method.getReturnType())
          || !method.canAccess(null)) {
        return null;
      }
      return line -> {
        try {
          return method.invoke(null, line);
        } catch (InvocationTargetException e) {
          throw unwrapped(e);
        }
      };
    } catch (NoSuchMethodException e) {
      return null;
    }
  }

  private static @Nullable LineConverter constructor(Class<?> type) {
    if (Modifier.isAbstract(type.getModifiers())) {
      return null;
    }
    try {
      Constructor<?> constructor = type.getConstructor(String.class);
      return line -> {
        try {
          return constructor.newInstance(line);
        } catch (InvocationTargetException e) {
          throw unwrapped(e);
        }
      };
    } catch (NoSuchMethodException e) {
      return null;
    }
  }

  /** Returns what the called method has thrown. */
  static Exception unwrapped(InvocationTargetException e) {
    if (e.getCause() instanceof Error error) {
      throw error;
    }
    return e.getCause() instanceof Exception exception ? exception : e;
  }
}
