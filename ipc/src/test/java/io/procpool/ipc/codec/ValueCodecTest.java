// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import static io.procpool.ipc.codec.Values.LOADER;
import static io.procpool.ipc.codec.Values.copy;
import static io.procpool.ipc.codec.Values.decode;
import static io.procpool.ipc.codec.Values.encode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.reflect.Proxy;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.assertj.core.api.recursive.comparison.RecursiveComparisonConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ValueCodecTest {
  /** Every kind of value comes back equal and of the same class, from heap and from direct buffers. */
  @Test
  void write_everyKind_comesBackEqual() throws Exception {
    for (Object value : Values.samples()) {
      assertSame(value, copy(value), "sample");

      ByteBuffer direct = ByteBuffer.allocateDirect(encode(value).length);
      PayloadWriter writer = new PayloadWriter(direct);
      ValueCodec.write(writer, value);
      assertThat(writer.view()).as("%s", value).isEqualTo(ByteBuffer.wrap(encode(value)));
      assertSame(value, ValueCodec.read(new PayloadReader(direct), LOADER), "direct");
    }
  }

  /** Random nested values come back equal. */
  @Test
  void write_randomNested_comesBackEqual() throws Exception {
    long base = System.nanoTime();
    for (long seed = base; seed < base + 2_000; seed++) {
      Object value = Values.random(new Random(seed), 4);
      assertSame(value, copy(value), "seed " + seed);
    }
  }

  /** A payload cut at any byte is a format error, never another value. */
  @Test
  void read_truncatedAnywhere_isFormatError() throws Exception {
    for (Object value : Values.samples()) {
      byte[] bytes = encode(value);
      int step = Math.max(1, bytes.length / 400);
      for (int length = 0; length < bytes.length; length += step) {
        byte[] cut = Arrays.copyOf(bytes, length);
        assertThatExceptionOfType(PayloadFormatException.class)
            .as("%s cut to %d of %d bytes", value, length, bytes.length)
            .isThrownBy(() -> decode(cut));
      }
    }
  }

  /** Random bytes give a value or a format error, and nothing else. */
  @Test
  void read_randomBytes_isValueOrFormatError() {
    long base = System.nanoTime();
    for (long seed = base; seed < base + 20_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = new byte[1 + random.nextInt(60)];
      random.nextBytes(bytes);
      bytes[0] = (byte) random.nextInt(28);
      assertValueOrFormatError(bytes, seed);
    }
  }

  /** Valid payloads with some bytes changed give a value or a format error, and nothing else. */
  @Test
  void read_changedBytes_isValueOrFormatError() throws Exception {
    long base = System.nanoTime();
    for (long seed = base; seed < base + 10_000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = encode(Values.random(random, 3));
      for (int i = 1 + random.nextInt(3); i > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      assertValueOrFormatError(bytes, seed);
    }
  }

  /** A count that the payload cannot hold is refused before anything of its size is allocated. */
  @Test
  void read_hostileCount_isFormatError() {
    for (int tag = ValueCodec.STRING_LATIN1; tag <= ValueCodec.HASH_MAP; tag++) {
      byte[] bytes = {(byte) tag, -1, -1, -1, -1, 7, 0};
      assertThatExceptionOfType(PayloadFormatException.class)
          .as("tag %d", tag)
          .isThrownBy(() -> decode(bytes));
    }
  }

  /** A serialized array or collection that announces more than its bytes can hold is refused by the limits. */
  @Test
  void read_hostileArrayInStream_isRefused() throws Exception {
    byte[] bytes = encode(new Object[100]);
    int at = indexOf(bytes, new byte[] {0, 0, 0, 100});
    bytes[at] = 0x7f;
    assertThatExceptionOfType(UndecodableValueException.class)
        .isThrownBy(() -> decode(bytes))
        .withMessageContaining("REJECTED");
  }

  /** Honest collections of the JDK, empty to large, pass the limits. */
  @Test
  void read_honestCollections_passTheLimits() throws Exception {
    for (int size : new int[] {0, 1, 3, 100, 50_000}) {
      List<Integer> numbers = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        numbers.add(i % 200);
      }
      Map<Object, Object> sparse = new HashMap<>(16, 0.1f);
      Map<Object, Object> identity = new IdentityHashMap<>();
      for (int i = 0; i < size; i++) {
        sparse.put(i, null);
        identity.put(String.valueOf(i), null);
      }
      assertThat(copy(new HashSet<>(numbers))).isEqualTo(new HashSet<>(numbers));
      assertThat(copy(new TreeSet<>(numbers))).isEqualTo(new TreeSet<>(numbers));
      assertThat(copy(new java.util.ArrayDeque<>(numbers))).hasSize(size);
      assertThat(copy(new java.util.PriorityQueue<>(numbers))).hasSize(size);
      assertThat(copy(new java.util.concurrent.ConcurrentHashMap<>(new Hashtable<>(Map.of(1, 2)))))
          .hasSize(1);
      assertThat(copy(new Hashtable<>(1000, 0.1f))).isEmpty();
      assertThat(copy(new LinkedHashMap<>(sparse))).isEqualTo(sparse);
      assertThat(copy(new Values.Point(1, sparse)).label()).isEqualTo(sparse);
      assertThat(copy(identity)).hasSize(size);
      Set512 bits = new Set512();
      assertThat(copy(bits).set).hasSize(1);
    }
  }

  private static final class Set512 implements Serializable {
    private static final long serialVersionUID = 1;
    final HashSet<String> set = new HashSet<>(512, 0.01f);

    Set512() {
      set.add("x");
    }
  }

  /** What is one mutable object stays one, what is two stays two, wherever it is. */
  @Test
  void write_sharedElements_stayShared() throws Exception {
    byte[] shared = {1};
    List<Object> inner = new ArrayList<>(List.of(shared));
    List<Object> list =
        copy(new ArrayList<Object>(Arrays.asList(shared, inner, new byte[] {1}, inner)));
    assertThat(list.get(0)).isSameAs(((List<?>) list.get(1)).get(0)).isNotSameAs(list.get(2));
    assertThat(list.get(1)).isSameAs(list.get(3));

    Map<String, Object> map = copy(new HashMap<>(Map.of("a", shared, "b", shared)));
    assertThat(map.get("a")).isSameAs(map.get("b"));

    Values.Point point = new Values.Point(1, shared);
    List<Object> mixed = copy(new ArrayList<>(List.of(shared, point)));
    assertThat(mixed.get(0)).isSameAs(((Values.Point) mixed.get(1)).label());

    @Nullable Object[] all = copyAll(shared, point, 1);
    assertThat(all[0]).isSameAs(((Values.Point) all[1]).label());
  }

  /** A long string that a list holds often is written once. */
  @Test
  void write_repeatedLongString_isWrittenOnce() throws Exception {
    String text = "t".repeat(10_000);
    assertThat(encode(new ArrayList<>(Collections.nCopies(1_000, text)))).hasSizeLessThan(30_000);
  }

  /** Lists and maps that hold themselves come back holding themselves. */
  @Test
  void write_selfContaining_comesBackSelfContaining() throws Exception {
    List<Object> list = new ArrayList<>();
    list.add(list);
    List<Object> copy = copy(list);
    assertThat(copy.get(0)).isSameAs(copy);

    Map<String, Object> map = new HashMap<>();
    map.put("self", new ArrayList<>(Collections.singletonList(map)));
    Map<String, Object> mapCopy = copy(map);
    assertThat(((List<?>) mapCopy.get("self")).get(0)).isSameAs(mapCopy);
  }

  /** Lists far deeper than the short form allows come back; beyond the stack, encoding fails and does not break. */
  @Test
  void write_deepList_comesBackOrFails() throws Exception {
    Object value = 1;
    for (int i = 0; i < 200; i++) {
      value = new ArrayList<>(Collections.singletonList(value));
    }
    Object copy = copy(value);
    for (int i = 0; i < 200; i++) {
      copy = ((List<?>) copy).get(0);
    }
    assertThat(copy).isEqualTo(1);

    for (int i = 0; i < 100_000; i++) {
      value = new ArrayList<>(Collections.singletonList(value));
    }
    Object tooDeep = value;
    assertThatExceptionOfType(UnencodableValueException.class)
        .isThrownBy(() -> encode(tooDeep))
        .withCauseInstanceOf(StackOverflowError.class);
  }

  /** A map in access order keeps its order of access. */
  @Test
  void write_accessOrderedMap_keepsItsKind() throws Exception {
    LinkedHashMap<String, Integer> map = new LinkedHashMap<>(16, 0.75f, true);
    map.put("a", 1);
    map.put("b", 2);
    LinkedHashMap<String, Integer> copy = copy(map);
    copy.get("a");
    assertThat(copy.keySet()).containsExactly("b", "a");
  }

  /** Proxies come back with their handlers. */
  @Test
  void write_proxy_comesBack() throws Exception {
    Callable<?> proxy =
        (Callable<?>) Proxy.newProxyInstance(LOADER, new Class<?>[] {Callable.class}, new Answer());
    assertThat(copy(proxy).call()).isEqualTo(42);
  }

  private static final class Answer implements java.lang.reflect.InvocationHandler, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public Object invoke(Object proxy, java.lang.reflect.Method method, Object[] args) {
      return 42;
    }
  }

  /** A value that cannot be encoded leaves the writer where it was. */
  @Test
  void write_notSerializable_leavesWriterAsItWas() throws Exception {
    PayloadWriter writer = new PayloadWriter();
    ValueCodec.write(writer, "before");
    int position = writer.position();
    for (Object value : List.of(new Object(), new ArrayList<>(List.of(1, new Object())))) {
      assertThatExceptionOfType(UnencodableValueException.class)
          .isThrownBy(() -> ValueCodec.write(writer, value))
          .withCauseInstanceOf(NotSerializableException.class);
      assertThat(writer.position()).isEqualTo(position);
    }
  }

  /** Whatever the code of a user throws in serialization, encoding and decoding fail in the usual way. */
  @Test
  void write_ownCodeThrowsAnything_failsAsUnencodable() throws Exception {
    for (Throwable thrown : List.of(
        new AssertionError("on purpose"),
        new BufferOverflowException(),
        new InternalError("on purpose"),
        new Unprintable())) {
      assertThatExceptionOfType(UnencodableValueException.class)
          .isThrownBy(() -> encode(new Thrower(thrown)))
          .withCause(thrown);
      PayloadWriter fixed = new PayloadWriter(ByteBuffer.allocate(10_000));
      assertThatExceptionOfType(UnencodableValueException.class)
          .isThrownBy(() -> ValueCodec.write(fixed, new Thrower(thrown)));
      assertThat(fixed.position()).isZero();
      assertThat(SerializationDiagnosis.of(
                  "it", new Thrower(thrown), new UnencodableValueException("", thrown))
              .message())
          .contains("Thrower");

      Thrower.onRead = thrown;
      byte[] bytes = encode(new Thrower(null));
      assertThatExceptionOfType(UndecodableValueException.class)
          .isThrownBy(() -> Values.decode(bytes))
          .withCause(thrown);
    }
  }

  /** An OutOfMemoryError is nobody's own, and passes. */
  @Test
  void write_outOfMemory_passes() throws Exception {
    OutOfMemoryError error = new OutOfMemoryError("on purpose");
    assertThat(catchThrowable(() -> encode(new Thrower(error)))).isSameAs(error);
    Thrower.onRead = error;
    byte[] bytes = encode(new Thrower(null));
    assertThat(catchThrowable(() -> Values.decode(bytes))).isSameAs(error);
  }

  private static final class Unprintable extends Error {
    private static final long serialVersionUID = 1;

    @Override
    public String toString() {
      throw new AssertionError("no text");
    }
  }

  /** Throws when it is written, or else when it is read. */
  private static final class Thrower implements Serializable {
    private static final long serialVersionUID = 1;
    private static Throwable onRead;

    private final transient Throwable onWrite;

    Thrower(Throwable onWrite) {
      this.onWrite = onWrite;
    }

    private void writeObject(ObjectOutputStream out) throws Throwable {
      if (onWrite != null) {
        throw onWrite;
      }
      out.defaultWriteObject();
    }

    private void readObject(ObjectInputStream in) throws Throwable {
      throw onRead;
    }
  }

  /** A value beyond the limit or the end of its buffer leaves the writer where it was. */
  @Test
  void write_tooLarge_leavesWriterAsItWas() throws Exception {
    for (Object value : Values.samples()) {
      int size = encode(value).length;
      PayloadWriter limited = new PayloadWriter(0, size - 1);
      assertThat(catchThrowable(() -> ValueCodec.write(limited, value)))
          .as("%s", value)
          .isInstanceOf(PayloadTooLargeException.class);
      assertThat(limited.position()).isZero();

      PayloadWriter fixed = new PayloadWriter(ByteBuffer.allocate(size - 1));
      assertThat(catchThrowable(() -> ValueCodec.write(fixed, value)))
          .as("%s", value)
          .isInstanceOf(PayloadFullException.class);
      assertThat(fixed.position()).isZero();
    }
  }

  /** The caller's filter refuses classes in streams and enums; limits stay under it. */
  @Test
  void read_allowList_refusesWhatItDoesNotName() throws Exception {
    ObjectInputFilter onlyPoints =
        ObjectInputFilter.Config.createFilter(Values.Point.class.getName() + ";!*");
    byte[] point = encode(new Values.Point(1, "a"));
    assertThat(ValueCodec.read(new PayloadReader(point), LOADER, onlyPoints))
        .isEqualTo(new Values.Point(1, "a"));
    byte[] both = encode(new ArrayList<>(List.of(1, "short forms are always allowed")));
    assertThat(ValueCodec.read(new PayloadReader(both), LOADER, onlyPoints))
        .isInstanceOf(List.class);

    for (Object refused : List.of(new java.util.UUID(1, 2), Values.Shape.ROUND)) {
      byte[] bytes = encode(refused);
      assertThatExceptionOfType(UndecodableValueException.class)
          .isThrownBy(() -> ValueCodec.read(new PayloadReader(bytes), LOADER, onlyPoints));
    }
  }

  /** The filter of the process is honoured, whatever the caller's filter allows. */
  @Test
  void read_processFilter_refuses() throws Exception {
    if (ObjectInputFilter.Config.getSerialFilter() == null) {
      ObjectInputFilter.Config.setSerialFilter(ObjectInputFilter.Config.createFilter(
          "!" + Forbidden.class.getName() + ";!" + ForbiddenEnum.class.getName()));
    }
    ObjectInputFilter all = ObjectInputFilter.Config.createFilter("*");
    for (Object refused : List.of(new Forbidden(), ForbiddenEnum.ONE)) {
      byte[] bytes = encode(refused);
      assertThatExceptionOfType(UndecodableValueException.class)
          .isThrownBy(() -> ValueCodec.read(new PayloadReader(bytes), LOADER, all));
    }
  }

  private static final class Forbidden implements Serializable {
    private static final long serialVersionUID = 1;
  }

  private enum ForbiddenEnum {
    ONE
  }

  /** A class that the loader does not have is named. */
  @Test
  void read_missingClass_namesIt() throws Exception {
    byte[] bytes = encode(new Values.Point(1, "a"));
    assertThatExceptionOfType(UndecodableValueException.class)
        .isThrownBy(
            () -> ValueCodec.read(new PayloadReader(bytes), ClassLoader.getPlatformClassLoader()))
        .withMessageContaining("class not found here: " + Values.Point.class.getName())
        .withCauseInstanceOf(ClassNotFoundException.class);
  }

  /** The random values are encoded by both codecs with the same meaning. */
  @Test
  void write_random_meansWhatJdkSerializationMeans() throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      Object value = Values.random(new Random(seed), 3);
      assertSame(jdkCopy(value), copy(value), "seed " + seed);
    }
  }

  private static @Nullable Object jdkCopy(@Nullable Object value) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream stream = new ObjectOutputStream(bytes)) {
      stream.writeObject(value);
    }
    return new ObjectInputStream(new java.io.ByteArrayInputStream(bytes.toByteArray()))
        .readObject();
  }

  private static @Nullable Object[] copyAll(@Nullable Object... values) throws IOException {
    PayloadWriter writer = new PayloadWriter();
    ValueCodec.writeAll(writer, values);
    return ValueCodec.readAll(new PayloadReader(writer.view()), LOADER, null);
  }

  private static void assertValueOrFormatError(byte[] bytes, long seed) {
    Throwable failure = catchThrowable(() -> decode(bytes));
    if (failure != null) {
      assertThat(failure).as("seed %d", seed).isInstanceOf(PayloadFormatException.class);
    }
  }

  private static void assertSame(@Nullable Object expected, @Nullable Object actual, String note) {
    if (expected == null) {
      assertThat(actual).as(note).isNull();
      return;
    }
    assertThat(actual).as(note).isNotNull().hasSameClassAs(expected);
    if (expected.getClass().isArray()) {
      assertThat(Arrays.deepEquals(new Object[] {expected}, new Object[] {actual}))
          .as("%s: %s", note, expected)
          .isTrue();
    } else if (expected instanceof List<?>
        || expected instanceof Map<?, ?>
        || expected instanceof Values.Point) {
      assertThat(actual)
          .as(note)
          .usingRecursiveComparison(RecursiveComparisonConfiguration.builder()
              .withStrictTypeChecking(true)
              .build())
          .isEqualTo(expected);
    } else {
      assertThat(actual).as(note).isEqualTo(expected);
    }
  }

  private static int indexOf(byte[] bytes, byte[] part) {
    for (int i = 0; i <= bytes.length - part.length; i++) {
      if (Arrays.equals(bytes, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    throw new AssertionError("not there");
  }
}
