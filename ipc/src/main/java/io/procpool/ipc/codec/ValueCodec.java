// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.ObjectInputFilter;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Encodes one value, of any serializable class, as a tag and what follows it. Null, boxes, strings, primitive arrays, string
 * arrays, {@link BigInteger}, enums, serializable lambdas, and {@link ArrayList}s and {@link HashMap}s of such values have
 * short forms; everything else is JDK serialization, in a stream of its own, so that any value can be cut out of a sequence
 * of values.
 *
 * <p>What comes back equals what JDK serialization gives: a copy of the same class, in which what was one mutable object is
 * one object again. Distinctions between equal boxes and between equal short strings are not kept. A decoder accepts the
 * classes of the short forms always; enums, lambdas and all else it checks with the process's {@code jdk.serialFilter} and
 * the filter it is given, under limits in proportion to the payload.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ValueCodec {
  /*
   * Sharing.  Two elements of a list may be one object. Immutable ones need no care, except that a long string repeated
   *           a thousand times should not be written a thousand times. All others are remembered by identity (Seen); what is
   *           met twice (a list inside itself too) sends the whole outermost value to JDK serialization, which knows
   *           sharing. So does anything without a short form inside a list or map: its insides may be shared as well.
   * Order.    A HashMap is rebuilt by inserting, as its own readObject does. LinkedHashMap has no short form: one in access
   *           order cannot be told from outside.
   * Failure.  A failed write leaves the writer where it was.
   */
  static final int NULL = 0;
  static final int FALSE = 1;
  static final int TRUE = 2;
  static final int BYTE = 3;
  static final int SHORT = 4;
  static final int CHARACTER = 5;
  static final int INTEGER = 6;
  static final int LONG = 7;
  static final int FLOAT = 8;
  static final int DOUBLE = 9;
  static final int STRING_LATIN1 = 10;
  static final int STRING_UTF16 = 11;
  static final int BOOLEANS = 12;
  static final int BYTES = 13;
  static final int SHORTS = 14;
  static final int CHARS = 15;
  static final int INTS = 16;
  static final int LONGS = 17;
  static final int FLOATS = 18;
  static final int DOUBLES = 19;
  static final int STRINGS = 20;
  static final int BIG_INTEGER = 21;
  static final int ENUM = 22;
  static final int ARRAY_LIST = 23;
  static final int HASH_MAP = 24;
  static final int LAMBDA = 25;
  static final int JDK = 26;

  private static final int DEPTH_LIMIT = 16;
  private static final int SHARING_MATTERS_CHARS = 64;
  private static final int PRESIZED_ELEMENTS = 1 << 16;

  private ValueCodec() {}

  /**
   * For a process that trusts who sends it values: enums and lambdas are checked with a filter that the properties {@code
   * jdk.serialFilter} and {@code jdk.serialFilterFactory} set now, not with one that a program sets later. A look for that
   * makes the JDK search the class path for loggers, which takes 10 ms or more of each start.
   */
  public static void expectFilterByProperty() {
    PayloadFilter.expectFilterByProperty();
  }

  /**
   * Writes a value.
   *
   * @throws UnencodableValueException if it, or something in it, cannot be serialized; the writer is where it was
   * @throws PayloadTooLargeException beyond the limit of a growing writer; the writer is where it was
   * @throws PayloadFullException at the end of a fixed writer; the writer is where it was
   */
  public static void write(PayloadWriter writer, @Nullable Object value)
      throws UnencodableValueException {
    if (value instanceof Integer number) {
      ByteBuffer room = writer.room(5);
      room.put((byte) INTEGER);
      room.putInt(number);
      return;
    }
    if (value instanceof String text) {
      writeString(writer, text);
      return;
    }
    write(writer, value, 0);
  }

  /** Tells whether a value that begins with this byte is one that is read without running anybody else's code, or finding a class. */
  public static boolean isPlain(int firstByte) {
    return firstByte >= NULL && firstByte <= BIG_INTEGER;
  }

  /**
   * Tells whether there is another value, and it {@linkplain #isPlain is read} without running anybody else's code; a short list or map is looked into. The reader
   * is where it was.
   */
  public static boolean isPlainNext(PayloadReader reader) throws PayloadFormatException {
    if (reader.remaining() == 0) {
      return false;
    }
    int at = reader.position();
    byte first = reader.getByte();
    reader.position(at);
    if (first != ARRAY_LIST && first != HASH_MAP) {
      return isPlain(first);
    }
    try {
      return ValueSkipper.skipPlain(reader);
    } finally {
      reader.position(at);
    }
  }

  /**
   * Reads a value.
   *
   * @param loader what finds the classes that the value names
   * @throws UndecodableValueException if the bytes are whole but the value cannot be rebuilt here
   * @throws PayloadFormatException if the bytes are not a value
   */
  public static @Nullable Object read(PayloadReader reader, ClassLoader loader)
      throws PayloadFormatException {
    return read(reader, loader, null);
  }

  /**
   * Reads a value under a filter.
   *
   * @param loader what finds the classes that the value names
   * @param filter what may refuse classes, or null to refuse none
   * @throws UndecodableValueException if the bytes are whole but the value cannot be rebuilt here, or the filter refuses it
   * @throws PayloadFormatException if the bytes are not a value
   */
  public static @Nullable Object read(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    return read(reader, loader, filter, 0);
  }

  /**
   * Writes several values that may share objects with each other: they come back sharing them.
   *
   * @throws UnencodableValueException as {@link #write(PayloadWriter, Object)}
   */
  public static void writeAll(PayloadWriter writer, @Nullable Object... values)
      throws UnencodableValueException {
    writeAll(writer, values, 0);
  }

  /**
   * Reads what {@link #writeAll} wrote.
   *
   * @throws PayloadFormatException as {@link #read(PayloadReader, ClassLoader, ObjectInputFilter)}
   */
  public static @Nullable Object[] readAll(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    return readAll(reader, loader, filter, 0);
  }

  static void writeAll(PayloadWriter writer, @Nullable Object[] values, int depth)
      throws UnencodableValueException {
    int start = writer.position();
    try {
      int sharing = 0;
      for (Object value : values) {
        if (!isImmutable(value)) {
          sharing++;
        }
      }
      writer.putVarint(values.length);
      if (sharing > 1) {
        writer.putByte(JDK);
        JdkCodec.write(writer, values, Integer.MAX_VALUE);
        return;
      }
      writer.putByte(NULL);
      for (Object value : values) {
        write(writer, value, depth + 1);
      }
    } catch (UnencodableValueException | RuntimeException | Error e) {
      writer.position(start);
      throw e;
    }
  }

  static @Nullable Object[] readAll(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter, int depth)
      throws PayloadFormatException {
    int count = reader.getVarint();
    int form = reader.getByte();
    if (form == JDK) {
      Object read = JdkCodec.read(reader, loader, unlessArray(filter));
      if (read instanceof @Nullable Object[] values && values.length == count) {
        return values;
      }
      throw new PayloadFormatException("an array of " + count + " values was expected");
    }
    if (form != NULL || count < 0 || count > reader.remaining()) {
      throw new PayloadFormatException(
          Integer.toUnsignedString(count) + " values in form " + form + " are announced");
    }
    @Nullable Object[] values = new @Nullable Object[count];
    for (int i = 0; i < count; i++) {
      values[i] = read(reader, loader, filter, depth + 1);
    }
    return values;
  }

  private static @Nullable ObjectInputFilter unlessArray(@Nullable ObjectInputFilter filter) {
    return filter == null ? null : new ArrayOfAnything(filter);
  }

  /** An allow-list need not name the array in which several values travel. */
  private record ArrayOfAnything(ObjectInputFilter filter) implements ObjectInputFilter {
    @Override
    public Status checkInput(FilterInfo info) {
      Status status = filter.checkInput(info);
      boolean outermost = info.depth() == 1 && info.serialClass() == Object[].class;
      return outermost && status == Status.REJECTED ? Status.UNDECIDED : status;
    }
  }

  /** Whether nobody can tell one copy of the value from two. */
  private static boolean isImmutable(@Nullable Object value) {
    return value == null
        || isBox(value)
        || value instanceof String
        || value instanceof Enum
        || value.getClass() == BigInteger.class
        || FunctionCodec.isStateless(value);
  }

  private static boolean isBox(Object value) {
    return value instanceof Integer
        || value instanceof Long
        || value instanceof Double
        || value instanceof Boolean
        || value instanceof Byte
        || value instanceof Short
        || value instanceof Character
        || value instanceof Float;
  }

  static void write(PayloadWriter writer, @Nullable Object value, int depth)
      throws UnencodableValueException {
    int start = writer.position();
    try {
      if (writeLeaf(writer, value)) {
        return;
      }
      Object present = java.util.Objects.requireNonNull(value);
      Class<?> type = present.getClass();
      if (type == ArrayList.class || type == HashMap.class) {
        if (writeContainer(writer, present, new Seen(), 0)) {
          return;
        }
        writer.position(start);
      } else if (depth < DEPTH_LIMIT) {
        LambdaShape shape = LambdaShape.of(type);
        if (shape != null) {
          writer.putByte(LAMBDA);
          FunctionCodec.writeLambda(writer, present, shape, depth);
          return;
        }
      }
      writer.putByte(JDK);
      JdkCodec.write(writer, present, Integer.MAX_VALUE);
    } catch (UnencodableValueException | RuntimeException | Error e) {
      writer.position(start);
      throw e;
    }
  }

  /** Writes the value if it has a short form that holds no other mutable object. */
  private static boolean writeLeaf(PayloadWriter writer, @Nullable Object value) {
    if (value == null) {
      writer.putByte(NULL);
    } else if (value instanceof String text) {
      writeString(writer, text);
    } else if (value instanceof Integer number) {
      tagged(writer, INTEGER, 4).putInt(number);
    } else if (value instanceof Long number) {
      tagged(writer, LONG, 8).putLong(number);
    } else if (value instanceof Double number) {
      // raw bits: a NaN keeps its payload
      tagged(writer, DOUBLE, 8).putLong(Double.doubleToRawLongBits(number));
    } else if (value instanceof Boolean truth) {
      writer.putByte(truth ? TRUE : FALSE);
    } else if (value instanceof Enum<?> constant) {
      return writeEnum(writer, constant);
    } else if (value.getClass().isArray()) {
      return writeArray(writer, value);
    } else if (value instanceof Byte number) {
      tagged(writer, BYTE, 1).put(number);
    } else if (value instanceof Short number) {
      tagged(writer, SHORT, 2).putShort(number);
    } else if (value instanceof Character character) {
      tagged(writer, CHARACTER, 2).putChar(character);
    } else if (value instanceof Float number) {
      tagged(writer, FLOAT, 4).putInt(Float.floatToRawIntBits(number));
    } else if (value.getClass() == BigInteger.class) {
      byte[] bytes = ((BigInteger) value).toByteArray();
      counted(writer, BIG_INTEGER, bytes.length, 1).put(bytes);
    } else {
      return false;
    }
    return true;
  }

  private static boolean writeEnum(PayloadWriter writer, Enum<?> constant) {
    writer.putByte(ENUM);
    writeString(writer, constant.getDeclaringClass().getName());
    writeString(writer, constant.name());
    return true;
  }

  private static boolean writeArray(PayloadWriter writer, Object array) {
    if (array instanceof byte[] bytes) {
      counted(writer, BYTES, bytes.length, 1).put(bytes);
    } else if (array instanceof int[] ints) {
      ByteBuffer room = counted(writer, INTS, ints.length, 4);
      room.asIntBuffer().put(ints);
      advance(room, ints.length * 4);
    } else if (array instanceof long[] longs) {
      ByteBuffer room = counted(writer, LONGS, longs.length, 8);
      room.asLongBuffer().put(longs);
      advance(room, longs.length * 8);
    } else if (array instanceof double[] doubles) {
      ByteBuffer room = counted(writer, DOUBLES, doubles.length, 8);
      room.asDoubleBuffer().put(doubles);
      advance(room, doubles.length * 8);
    } else if (array instanceof float[] floats) {
      ByteBuffer room = counted(writer, FLOATS, floats.length, 4);
      room.asFloatBuffer().put(floats);
      advance(room, floats.length * 4);
    } else if (array instanceof short[] shorts) {
      ByteBuffer room = counted(writer, SHORTS, shorts.length, 2);
      room.asShortBuffer().put(shorts);
      advance(room, shorts.length * 2);
    } else if (array instanceof char[] chars) {
      ByteBuffer room = counted(writer, CHARS, chars.length, 2);
      room.asCharBuffer().put(chars);
      advance(room, chars.length * 2);
    } else if (array instanceof boolean[] booleans) {
      ByteBuffer room = counted(writer, BOOLEANS, booleans.length, 1);
      for (boolean truth : booleans) {
        room.put((byte) (truth ? 1 : 0));
      }
    } else {
      return array.getClass() == String[].class && writeStrings(writer, (@Nullable String[]) array);
    }
    return true;
  }

  private static boolean writeStrings(PayloadWriter writer, @Nullable String[] strings) {
    for (String text : strings) {
      if (text != null && text.length() > SHARING_MATTERS_CHARS) {
        return false;
      }
    }
    writer.putByte(STRINGS);
    writer.putVarint(strings.length);
    for (String text : strings) {
      if (text == null) {
        writer.putByte(NULL);
      } else {
        writeString(writer, text);
      }
    }
    return true;
  }

  private static boolean writeContainer(
      PayloadWriter writer, Object container, Seen seen, int depth) {
    if (depth == DEPTH_LIMIT || !seen.add(container)) {
      return false;
    }
    if (container instanceof ArrayList<?> list) {
      int size = list.size();
      writer.putByte(ARRAY_LIST);
      writer.putVarint(size);
      for (int i = 0; i < size; i++) {
        if (!writeElement(writer, list.get(i), seen, depth)) {
          return false;
        }
      }
      if (list.size() != size) {
        throw new ConcurrentModificationException("a list was changed while it was encoded");
      }
      return true;
    }
    HashMap<?, ?> map = (HashMap<?, ?>) container;
    int size = map.size();
    writer.putByte(HASH_MAP);
    writer.putVarint(size);
    int written = 0;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!writeElement(writer, entry.getKey(), seen, depth)
          || !writeElement(writer, entry.getValue(), seen, depth)) {
        return false;
      }
      written++;
    }
    if (written != size) {
      throw new ConcurrentModificationException("a map was changed while it was encoded");
    }
    return true;
  }

  private static boolean writeElement(
      PayloadWriter writer, @Nullable Object element, Seen seen, int depth) {
    if (element == null || isBox(element)) {
      return writeLeaf(writer, element);
    }
    if (element instanceof String text) {
      if (text.length() > SHARING_MATTERS_CHARS && !seen.add(text)) {
        return false;
      }
      writeString(writer, text);
      return true;
    }
    Class<?> type = element.getClass();
    if (type == ArrayList.class || type == HashMap.class) {
      return writeContainer(writer, element, seen, depth + 1);
    }
    return (isImmutable(element) || seen.add(element)) && writeLeaf(writer, element);
  }

  /** Remembers objects by identity: the first few in an array. */
  private static final class Seen {
    private final @Nullable Object[] few = new @Nullable Object[8];
    private int count;
    private @Nullable IdentityHashMap<Object, Boolean> many;

    /** Returns false if the object was here before. */
    boolean add(Object object) {
      for (int i = 0; i < count; i++) {
        if (few[i] == object) {
          return false;
        }
      }
      if (count < few.length) {
        few[count++] = object;
        return true;
      }
      if (many == null) {
        many = new IdentityHashMap<>();
      }
      return many.put(object, Boolean.TRUE) == null;
    }
  }

  static void writeString(PayloadWriter writer, String text) {
    int length = text.length();
    int bits = 0;
    for (int i = 0; i < length; i++) {
      bits |= text.charAt(i);
    }
    if (bits <= 0xff) {
      ByteBuffer room = counted(writer, STRING_LATIN1, length, 1);
      putLatin1(room, text, length);
    } else {
      ByteBuffer room = counted(writer, STRING_UTF16, length, 2);
      for (int i = 0; i < length; i++) {
        room.putChar(text.charAt(i));
      }
    }
  }

  @SuppressWarnings(
      "deprecation") // drops the high bytes, which are zero here, and is the only copy into a given
  // array
  private static void putLatin1(ByteBuffer room, String text, int length) {
    if (room.hasArray()) {
      int position = room.position();
      text.getBytes(0, length, room.array(), room.arrayOffset() + position);
      room.position(position + length);
    } else {
      byte[] bytes = new byte[length];
      text.getBytes(0, length, bytes, 0);
      room.put(bytes);
    }
  }

  private static ByteBuffer tagged(PayloadWriter writer, int tag, int bytes) {
    ByteBuffer room = writer.room(1 + bytes);
    room.put((byte) tag);
    return room;
  }

  private static ByteBuffer counted(PayloadWriter writer, int tag, int count, int elementBytes) {
    ByteBuffer room = writer.room(6 + (long) count * elementBytes - spareVarintBytes(count));
    room.put((byte) tag);
    writer.putVarint(count);
    return room;
  }

  private static int spareVarintBytes(int count) {
    return count < 1 << 7 ? 4 : count < 1 << 14 ? 3 : count < 1 << 21 ? 2 : count < 1 << 28 ? 1 : 0;
  }

  private static void advance(ByteBuffer room, int bytes) {
    room.position(room.position() + bytes);
  }

  static @Nullable Object read(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter, int depth)
      throws PayloadFormatException {
    int tag = reader.getByte();
    switch (tag) {
      case NULL:
        return null;
      case FALSE:
        return Boolean.FALSE;
      case TRUE:
        return Boolean.TRUE;
      case BYTE:
        return reader.getByte();
      case SHORT:
        return reader.getShort();
      case CHARACTER:
        return (char) reader.getShort();
      case INTEGER:
        return reader.getInt();
      case LONG:
        return reader.getLong();
      case FLOAT:
        return Float.intBitsToFloat(reader.getInt());
      case DOUBLE:
        return Double.longBitsToDouble(reader.getLong());
      case STRING_LATIN1:
        return readLatin1(reader);
      case STRING_UTF16:
        return readUtf16(reader);
      case BIG_INTEGER:
        return readBigInteger(reader);
      case ENUM:
        return readEnum(reader, loader, filter);
      case ARRAY_LIST:
        return readList(reader, loader, filter, nextDepth(depth));
      case HASH_MAP:
        return readMap(reader, loader, filter, nextDepth(depth));
      case LAMBDA:
        return FunctionCodec.readLambda(reader, loader, filter, nextDepth(depth));
      case JDK:
        return JdkCodec.read(reader, loader, filter);
      default:
        return readArray(tag, reader);
    }
  }

  private static int nextDepth(int depth) throws PayloadFormatException {
    if (depth > 4 * DEPTH_LIMIT) {
      throw new PayloadFormatException("values are nested more than " + depth + " deep");
    }
    return depth + 1;
  }

  private static Object readArray(int tag, PayloadReader reader) throws PayloadFormatException {
    switch (tag) {
      case BYTES:
        return reader.getBytes(reader.getCount(1));
      case INTS: {
        int[] ints = new int[reader.getCount(4)];
        reader.getSlice(ints.length * 4).asIntBuffer().get(ints);
        return ints;
      }
      case LONGS: {
        long[] longs = new long[reader.getCount(8)];
        reader.getSlice(longs.length * 8).asLongBuffer().get(longs);
        return longs;
      }
      case DOUBLES: {
        double[] doubles = new double[reader.getCount(8)];
        reader.getSlice(doubles.length * 8).asDoubleBuffer().get(doubles);
        return doubles;
      }
      case FLOATS: {
        float[] floats = new float[reader.getCount(4)];
        reader.getSlice(floats.length * 4).asFloatBuffer().get(floats);
        return floats;
      }
      case SHORTS: {
        short[] shorts = new short[reader.getCount(2)];
        reader.getSlice(shorts.length * 2).asShortBuffer().get(shorts);
        return shorts;
      }
      case CHARS: {
        char[] chars = new char[reader.getCount(2)];
        reader.getSlice(chars.length * 2).asCharBuffer().get(chars);
        return chars;
      }
      case BOOLEANS: {
        boolean[] booleans = new boolean[reader.getCount(1)];
        for (int i = 0; i < booleans.length; i++) {
          booleans[i] = reader.getByte() != 0;
        }
        return booleans;
      }
      case STRINGS: {
        @Nullable String[] strings = new @Nullable String[reader.getCount(1)];
        for (int i = 0; i < strings.length; i++) {
          strings[i] = readNullableString(reader);
        }
        return strings;
      }
      default:
        throw new PayloadFormatException(
            "unknown tag " + tag + " at byte " + (reader.position() - 1));
    }
  }

  private static String readLatin1(PayloadReader reader) throws PayloadFormatException {
    int length = reader.getCount(1);
    ByteBuffer source = reader.require(length);
    if (source.hasArray()) {
      int position = source.position();
      source.position(position + length);
      return new String(
          source.array(), source.arrayOffset() + position, length, StandardCharsets.ISO_8859_1);
    }
    byte[] bytes = new byte[length];
    source.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static String readUtf16(PayloadReader reader) throws PayloadFormatException {
    char[] chars = new char[reader.getCount(2)];
    reader.getSlice(chars.length * 2).asCharBuffer().get(chars);
    return new String(chars);
  }

  static String readString(PayloadReader reader) throws PayloadFormatException {
    String text = readNullableString(reader);
    if (text == null) {
      throw new PayloadFormatException(
          "a string was expected at byte " + (reader.position() - 1) + ", not null");
    }
    return text;
  }

  static @Nullable String readNullableString(PayloadReader reader) throws PayloadFormatException {
    int tag = reader.getByte();
    return switch (tag) {
      case NULL -> null;
      case STRING_LATIN1 -> readLatin1(reader);
      case STRING_UTF16 -> readUtf16(reader);
      default ->
        throw new PayloadFormatException(
            "a string was expected at byte " + (reader.position() - 1) + ", not tag " + tag);
    };
  }

  private static BigInteger readBigInteger(PayloadReader reader) throws PayloadFormatException {
    byte[] bytes = reader.getBytes(reader.getCount(1));
    try {
      return new BigInteger(bytes);
    } catch (ArithmeticException | NumberFormatException e) {
      throw new PayloadFormatException("a big integer of " + bytes.length + " bytes", e);
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // the class is checked to be an enum
  private static Object readEnum(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter)
      throws PayloadFormatException {
    String className = readString(reader);
    String constant = readString(reader);
    try {
      Class<?> type = Class.forName(className, false, loader);
      if (!type.isEnum()) {
        throw new PayloadFormatException(className + " is not an enum");
      }
      PayloadFilter.checkClass(type, filter);
      return Enum.valueOf((Class<? extends Enum>) type, constant);
    } catch (ClassNotFoundException e) {
      throw new UndecodableValueException("class not found here: " + e.getMessage(), e);
    } catch (RuntimeException | LinkageError e) {
      throw new UndecodableValueException(
          "enum constant not found here: " + className + "." + constant, e);
    }
  }

  private static ArrayList<@Nullable Object> readList(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter, int depth)
      throws PayloadFormatException {
    int size = reader.getCount(1);
    ArrayList<@Nullable Object> list = new ArrayList<>(Math.min(size, PRESIZED_ELEMENTS));
    for (int i = 0; i < size; i++) {
      list.add(read(reader, loader, filter, depth));
    }
    return list;
  }

  private static HashMap<@Nullable Object, @Nullable Object> readMap(
      PayloadReader reader, ClassLoader loader, @Nullable ObjectInputFilter filter, int depth)
      throws PayloadFormatException {
    int size = reader.getCount(2);
    int presized = (int) Math.min(size / 0.75 + 1, PRESIZED_ELEMENTS);
    HashMap<@Nullable Object, @Nullable Object> map = new HashMap<>(presized);
    for (int i = 0; i < size; i++) {
      Object key = read(reader, loader, filter, depth);
      Object value = read(reader, loader, filter, depth);
      try {
        map.put(key, value);
      } catch (OutOfMemoryError e) {
        throw e;
      } catch (Throwable e) { // it is the user's code that fails here
        throw new UndecodableValueException(
            "the hashCode or equals of a key failed: " + SerializationDiagnosis.textOf(e), e);
      }
    }
    return map;
  }
}
