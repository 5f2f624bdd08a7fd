// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.Externalizable;
import java.io.NotSerializableException;
import java.io.Serializable;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a value cannot be encoded: where in it the offending object is, and what to do. Made after a failure only; walks the
 * value by reflection and never fails itself. Immutable; safe for use by multiple threads.
 *
 * @param path where the offending object is, as far as it could be found: the simple class name of the value, then fields,
 *     {@code [3]} for elements, {@code [key]} for the values of a map, {@code arg0 (captured)} for what a lambda captures;
 *     such as {@code Render.scene.cache}
 * @param message one line: what failed, the path, the class, and what to do
 */
public record SerializationDiagnosis(String path, String message) {

  /**
   * Finds out why a value could not be encoded.
   *
   * @param what the value's part in the failed call, such as {@code the task}, {@code argument 1} or {@code the result}
   * @param value what could not be encoded
   * @param failure what encoding it failed with
   */
  public static SerializationDiagnosis of(String what, @Nullable Object value, Throwable failure) {
    Throwable origin = originOf(failure);
    if (value == null) {
      return new SerializationDiagnosis("null", "cannot encode " + what + ": " + textOf(origin));
    }
    Search search = new Search(origin);
    String root = rootName(value);
    PayloadWriter unsent = new PayloadWriter(0, 0);
    PayloadWriter outer = Shipment.writing(unsent); // replacements that are asked for go nowhere
    try {
      search.visit(value, root, 0);
    } catch (Throwable e) { // it is the user's code that fails here
      // what was found up to here has to do
    } finally {
      Shipment.writing(outer);
      Shipment shipment = unsent.shipment();
      if (shipment != null) {
        shipment.over();
      }
    }
    return search.result(what, value, root);
  }

  private static Throwable originOf(Throwable failure) {
    Throwable outermost = failure instanceof UnencodableValueException && failure.getCause() != null
        ? failure.getCause()
        : failure;
    try {
      Throwable origin = outermost;
      for (int i = 0; i < 100 && origin != null; i++) {
        if (origin instanceof NotSerializableException) {
          return origin;
        }
        origin = origin.getCause();
      }
    } catch (Throwable e) { // it is the user's code that fails here
      // then the outermost has to do
    }
    return outermost;
  }

  /** Returns what a failure says of itself, or its class if that fails too. */
  static String textOf(Throwable failure) {
    try {
      Throwable cause = failure.getCause();
      return failure instanceof NoClassDefFoundError && cause != null
          ? failure + ": " + cause.getMessage() // which says where it was looked for
          : failure.toString();
    } catch (Throwable e) { // it is the user's code that fails here
      return failure.getClass().getName();
    }
  }

  private static String rootName(Object value) {
    SerializedLambda parts = partsOf(value);
    return parts == null ? simpleName(value.getClass()) : parts.getImplMethodName();
  }

  private static @Nullable SerializedLambda partsOf(Object value) {
    LambdaShape shape = LambdaShape.of(value.getClass());
    return shape == null ? null : shape.takeApart(value);
  }

  private static String simpleName(Class<?> type) {
    String simple = type.getSimpleName();
    if (!simple.isEmpty()) {
      return simple;
    }
    String name = type.getName();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** A walk through everything that serialization would write, depth first, to the first object that explains the failure. */
  private static final class Search {
    private static final int DEPTH_LIMIT = 300;
    private static final int OBJECTS_LIMIT = 1_000_000;
    private static final int TRIALS_LIMIT = 1_000;
    private static final int TRIAL_BYTES = 16 << 20;
    private static final int KEY_CHARS = 40;

    private final Throwable origin;
    private final @Nullable String offendingClass;
    private final IdentityHashMap<Object, Boolean> seen = new IdentityHashMap<>();
    private int trials;
    private @Nullable Object offender;
    private String offenderPath = "";
    private String hint = "";

    Search(Throwable origin) {
      this.origin = origin;
      this.offendingClass = origin instanceof NotSerializableException ? classIn(origin) : null;
    }

    private static @Nullable String classIn(Throwable notSerializable) {
      String message = notSerializable.getMessage();
      return message == null || message.indexOf(' ') >= 0 ? null : message;
    }

    SerializationDiagnosis result(String what, Object value, String root) {
      Object found = offender;
      StringBuilder message = new StringBuilder("cannot encode ").append(what).append(": ");
      if (origin instanceof StackOverflowError) {
        message
            .append(root)
            .append(" is nested too deeply for serialization (StackOverflowError); ")
            .append("use arrays or lists instead of long chains of objects");
        return new SerializationDiagnosis(root, message.toString());
      }
      if (found == null) {
        message.append("somewhere in ").append(root).append(" (");
        message.append(value.getClass().getName()).append("): ").append(textOf(origin));
        return new SerializationDiagnosis(root, message.toString());
      }
      String type = found.getClass().getName();
      message.append(offenderPath).append(" is a ").append(type);
      if (found instanceof Serializable) {
        message.append(", which fails to serialize: ").append(textOf(origin));
      } else if (found.getClass().isHidden() || found.getClass().isSynthetic()) {
        message.append(", a lambda that is not serializable; ");
        message.append("declare it with a serializable interface such as Task");
      } else if (found == value) {
        message.append(", which is not serializable; let the class implement java.io.Serializable");
      } else {
        message.append(", which is not serializable; make the field transient, ");
        message.append(
            "let the class implement java.io.Serializable, or pass what is needed of it");
      }
      if (!hint.isEmpty()) {
        message.append("; ").append(hint);
      }
      return new SerializationDiagnosis(offenderPath, message.toString());
    }

    /** Returns true once the offender is found. */
    boolean visit(@Nullable Object value, String path, int depth) {
      if (value == null || isHarmless(value) || depth > DEPTH_LIMIT) {
        return false;
      }
      if (seen.size() >= OBJECTS_LIMIT || seen.put(value, Boolean.TRUE) != null) {
        return false;
      }
      Class<?> type = value.getClass();
      SerializedLambda parts = partsOf(value);
      if (parts != null) {
        return visitCaptured(parts, path, depth);
      }
      Object replacement = replacementOf(value);
      if (replacement != value) {
        return visit(replacement, path, depth + 1);
      }
      if (type.isArray()) {
        return visitArray(value, path, depth);
      }
      if (!(value instanceof Serializable)) {
        return (offendingClass == null || offendingClass.equals(type.getName()))
            && found(value, path);
      }
      return visitInside(value, path, depth)
          || offendingClass == null && hasOwnForm(type) && failsAlone(value) && found(value, path);
    }

    private boolean found(Object value, String path) {
      offender = value;
      offenderPath = path;
      return true;
    }

    private static boolean isHarmless(Object value) {
      return value instanceof String
          || value instanceof Number && value.getClass().getName().startsWith("java.lang.")
          || value instanceof Boolean
          || value instanceof Character
          || value instanceof Enum
          || value instanceof Class
          || value.getClass().isArray() && value.getClass().getComponentType().isPrimitive();
    }

    private boolean visitCaptured(SerializedLambda parts, String path, int depth) {
      for (int i = 0; i < parts.getCapturedArgCount(); i++) {
        if (visit(parts.getCapturedArg(i), path + ".arg" + i + " (captured)", depth + 1)) {
          if (i == 0 && LambdaShape.capturesThis(parts)) {
            hint = "the lambda captures this ("
                + simpleName(parts.getCapturedArg(0).getClass())
                + "), because it uses a field or method of it";
          } else if (i == 0 && !parts.getImplMethodName().startsWith("lambda$")) {
            hint = "the method reference is bound to a "
                + simpleName(parts.getCapturedArg(0).getClass());
          }
          return true;
        }
      }
      return false;
    }

    private boolean visitArray(Object array, String path, int depth) {
      int length = Array.getLength(array);
      for (int i = 0; i < length; i++) {
        if (visit(Array.get(array, i), path + "[" + i + "]", depth + 1)) {
          return true;
        }
      }
      return false;
    }

    private boolean visitInside(Object value, String path, int depth) {
      if (value.getClass().getName().startsWith("java.")) {
        if (value instanceof Collection<?> elements) {
          return visitElements(elements, path, depth);
        }
        if (value instanceof Map<?, ?> map) {
          return visitEntries(map, path, depth);
        }
      }
      Class<?> type = value.getClass();
      while (type != null && Serializable.class.isAssignableFrom(type)) {
        if (visitFields(value, type, path, depth)) {
          return true;
        }
        type = type.getSuperclass();
      }
      // a subclass of a JDK collection: the elements are written by the superclass
      if (value instanceof Collection<?> elements) {
        return visitElements(elements, path, depth);
      }
      return value instanceof Map<?, ?> map && visitEntries(map, path, depth);
    }

    private boolean visitElements(Collection<?> elements, String path, int depth) {
      int i = 0;
      for (Object element : elements) {
        if (visit(element, path + "[" + i + "]", depth + 1)) {
          return true;
        }
        i++;
      }
      return false;
    }

    private boolean visitEntries(Map<?, ?> map, String path, int depth) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        String key = keyText(entry.getKey());
        if (visit(entry.getKey(), path + "[key " + key + "]", depth + 1)
            || visit(entry.getValue(), path + "[" + key + "]", depth + 1)) {
          return true;
        }
      }
      return false;
    }

    private static String keyText(@Nullable Object key) {
      String text;
      try {
        text = String.valueOf(key);
      } catch (Throwable e) { // it is the user's code that fails here
        text = key == null ? "null" : simpleName(key.getClass());
      }
      return text.length() <= KEY_CHARS ? text : text.substring(0, KEY_CHARS) + "...";
    }

    private boolean visitFields(Object value, Class<?> type, String path, int depth) {
      for (Field field : type.getDeclaredFields()) {
        int modifiers = field.getModifiers();
        if (field.getType().isPrimitive()
            || Modifier.isStatic(modifiers)
            || Modifier.isTransient(modifiers)) {
          continue;
        }
        Object content;
        try {
          field.setAccessible(true);
          content = field.get(value);
        } catch (IllegalAccessException | RuntimeException e) {
          continue; // inside the JDK
        }
        if (visit(content, path + "." + field.getName(), depth + 1)) {
          return true;
        }
      }
      return false;
    }

    private static @Nullable Object replacementOf(Object value) {
      Class<?> type = value.getClass();
      if (!(value instanceof Serializable) || type.getName().startsWith("java.")) {
        return value;
      }
      for (Class<?> c = type; c != null; c = c.getSuperclass()) {
        try {
          Method method = c.getDeclaredMethod("writeReplace");
          if (c != type && Modifier.isPrivate(method.getModifiers())) {
            return value;
          }
          method.setAccessible(true);
          return method.invoke(value);
        } catch (NoSuchMethodException e) {
          // perhaps the superclass has it
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
          return value;
        }
      }
      return value;
    }

    private static boolean hasOwnForm(Class<?> type) {
      if (Externalizable.class.isAssignableFrom(type)) {
        return true;
      }
      for (Class<?> c = type; c != null; c = c.getSuperclass()) {
        for (Method method : c.getDeclaredMethods()) {
          if (method.getName().equals("writeObject") || method.getName().equals("writeReplace")) {
            return true;
          }
        }
      }
      return false;
    }

    /** Whether the object cannot be serialized on its own either. */
    private boolean failsAlone(Object value) {
      if (trials++ >= TRIALS_LIMIT) {
        return false;
      }
      try {
        JdkCodec.write(new PayloadWriter(256, TRIAL_BYTES), value, TRIAL_BYTES);
        return false;
      } catch (UnencodableValueException e) {
        return true;
      } catch (RuntimeException | Error e) {
        return false;
      }
    }
  }
}
