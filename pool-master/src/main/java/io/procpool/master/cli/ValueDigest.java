// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.lang.reflect.Array;
import java.lang.reflect.RecordComponent;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A digest of values that is the same in every JVM for equal values: by content for what is known here (strings, numbers,
 * enums, paths, arrays, records, collections, maps; sets and maps in any order), by its serialized form for the rest. Not
 * safe for use by multiple threads.
 */
final class ValueDigest {
  private final MessageDigest sha;

  ValueDigest() {
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM has no SHA-256, which every JVM must have", e);
    }
  }

  /** Returns the first 64 bits of a value's digest. */
  static long of(@Nullable Object value) {
    ValueDigest digest = new ValueDigest();
    digest.add(value);
    return ByteBuffer.wrap(digest.sha.digest()).getLong();
  }

  /** Returns the digest of what was added, in hexadecimal. Starts anew afterwards. */
  String hex() {
    return String.format("%064x", new BigInteger(1, sha.digest()));
  }

  /** Adds a value. */
  void add(@Nullable Object value) {
    if (value == null) {
      tag('0', 0);
    } else if (value instanceof byte[] bytes) {
      tag('b', bytes.length);
      sha.update(bytes);
    } else if (value.getClass().isArray()) {
      int length = Array.getLength(value);
      tag('a', length);
      for (int i = 0; i < length; i++) {
        add(Array.get(value, i));
      }
    } else if (value instanceof Enum<?> constant) {
      text('e', constant.getDeclaringClass().getName() + "." + constant.name());
    } else if (value instanceof CharSequence || value instanceof Path) {
      text('s', value.toString());
    } else if (value instanceof Number || value instanceof Boolean || value instanceof Character) {
      text('n', value.getClass().getName() + " " + value);
    } else if (value instanceof Set<?> set) {
      unordered('u', set);
    } else if (value instanceof Map<?, ?> map) {
      unordered('m', map.entrySet());
    } else if (value instanceof Map.Entry<?, ?> entry) {
      tag('y', 2);
      add(entry.getKey());
      add(entry.getValue());
    } else if (value instanceof Collection<?> items) {
      tag('l', items.size());
      items.forEach(this::add);
    } else if (value instanceof Optional<?> optional) {
      tag('o', optional.isPresent() ? 1 : 0);
      optional.ifPresent(this::add);
    } else if (!(value instanceof Record record) || !addRecord(record)) {
      addOther(value);
    }
  }

  private void tag(char kind, int length) {
    sha.update((byte) kind);
    sha.update(ByteBuffer.allocate(4).putInt(length).flip());
  }

  private void text(char kind, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    tag(kind, bytes.length);
    sha.update(bytes);
  }

  private void unordered(char kind, Collection<?> items) {
    byte[][] digests = new byte[items.size()][];
    int i = 0;
    for (Object item : items) {
      ValueDigest digest = new ValueDigest();
      digest.add(item);
      digests[i++] = digest.sha.digest();
    }
    Arrays.sort(digests, Arrays::compareUnsigned);
    tag(kind, digests.length);
    for (byte[] digest : digests) {
      sha.update(digest);
    }
  }

  private boolean addRecord(Record record) {
    RecordComponent[] components = record.getClass().getRecordComponents();
    @Nullable Object[] values = new Object[components.length];
    try {
      for (int i = 0; i < components.length; i++) {
        components[i].getAccessor().setAccessible(true);
        values[i] = components[i].getAccessor().invoke(record);
      }
    } catch (ReflectiveOperationException | RuntimeException e) {
      return false;
    }
    text('r', record.getClass().getName());
    for (Object value : values) {
      add(value);
    }
    return true;
  }

  private void addOther(Object value) {
    text('x', value.getClass().getName());
    if (value instanceof Serializable) {
      try (ObjectOutputStream out = new ObjectOutputStream(new Updates())) {
        out.writeObject(value);
        return;
      } catch (IOException e) {
        // something inside is not serializable: its text must do
      }
    }
    String text = value.toString();
    String identity =
        value.getClass().getName() + "@" + Integer.toHexString(System.identityHashCode(value));
    text('t', text.equals(identity) ? "" : text);
  }

  /** Takes the bytes of a serialized value. */
  private final class Updates extends OutputStream {
    @Override
    public void write(int b) {
      sha.update((byte) b);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) {
      sha.update(bytes, offset, count);
    }
  }
}
