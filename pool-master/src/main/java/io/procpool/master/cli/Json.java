// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes JSON: maps, iterables, strings, numbers, booleans and null; anything else as its {@code toString}. */
final class Json {
  private Json() {}

  /** Returns a map with the given keys and values in turn, in this order. */
  static Map<String, @Nullable Object> object(@Nullable Object... keysAndValues) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      object.put(String.valueOf(keysAndValues[i]), keysAndValues[i + 1]);
    }
    return object;
  }

  /** Returns the value on one line. */
  static String line(@Nullable Object value) {
    StringBuilder text = new StringBuilder();
    write(text, value, -1);
    return text.toString();
  }

  /** Returns the value over several lines, for a file that people read. */
  static String pretty(@Nullable Object value) {
    StringBuilder text = new StringBuilder();
    write(text, value, 0);
    return text.append('\n').toString();
  }

  private static void write(StringBuilder to, @Nullable Object value, int depth) {
    if (value instanceof Map<?, ?> map) {
      open(to, '{');
      int inner = depth < 0 ? -1 : depth + 1;
      for (Iterator<? extends Map.Entry<?, ?>> it = map.entrySet().iterator(); it.hasNext(); ) {
        Map.Entry<?, ?> entry = it.next();
        newLine(to, inner);
        string(to, String.valueOf(entry.getKey()));
        to.append(depth < 0 ? ":" : ": ");
        write(to, entry.getValue(), inner);
        to.append(it.hasNext() ? "," : "");
      }
      newLine(to, map.isEmpty() ? -1 : depth);
      to.append('}');
    } else if (value instanceof Iterable<?> items) {
      open(to, '[');
      for (Iterator<?> it = items.iterator(); it.hasNext(); ) {
        write(to, it.next(), -1);
        to.append(it.hasNext() ? "," : "");
      }
      to.append(']');
    } else if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (Double.isFinite(number)) {
        to.append(value);
      } else {
        string(to, String.valueOf(value));
      }
    } else if (value == null || value instanceof Boolean || isWholeNumber(value)) {
      to.append(value);
    } else {
      string(to, String.valueOf(value));
    }
  }

  private static boolean isWholeNumber(Object value) {
    return value instanceof Long
        || value instanceof Integer
        || value instanceof Short
        || value instanceof Byte
        || value instanceof BigInteger
        || value instanceof BigDecimal;
  }

  private static void open(StringBuilder to, char bracket) {
    to.append(bracket);
  }

  private static void newLine(StringBuilder to, int depth) {
    if (depth >= 0) {
      to.append('\n').append("  ".repeat(depth));
    }
  }

  private static void string(StringBuilder to, String value) {
    to.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> to.append("\\\"");
        case '\\' -> to.append("\\\\");
        case '\n' -> to.append("\\n");
        case '\r' -> to.append("\\r");
        case '\t' -> to.append("\\t");
        default -> {
          if (c < ' ' || isLoneSurrogate(value, i)) {
            to.append(String.format("\\u%04x", (int) c));
          } else {
            to.append(c);
          }
        }
      }
    }
    to.append('"');
  }

  private static boolean isLoneSurrogate(String value, int at) {
    char c = value.charAt(at);
    if (Character.isHighSurrogate(c)) {
      return at + 1 == value.length() || !Character.isLowSurrogate(value.charAt(at + 1));
    }
    return Character.isLowSurrogate(c)
        && (at == 0 || !Character.isHighSurrogate(value.charAt(at - 1)));
  }
}
