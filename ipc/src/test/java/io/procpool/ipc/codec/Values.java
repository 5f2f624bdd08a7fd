// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Values for the codec's tests, and how they go there and back. */
final class Values {
  static final ClassLoader LOADER = Values.class.getClassLoader();

  private Values() {}

  static byte[] encode(@Nullable Object value) throws UnencodableValueException {
    PayloadWriter writer = new PayloadWriter();
    ValueCodec.write(writer, value);
    return writer.toByteArray();
  }

  static @Nullable Object decode(byte[] bytes) throws PayloadFormatException {
    PayloadReader reader = new PayloadReader(bytes);
    Object value = ValueCodec.read(reader, LOADER);
    if (reader.remaining() != 0) {
      throw new PayloadFormatException(reader.remaining() + " bytes are left");
    }
    return value;
  }

  @SuppressWarnings("unchecked")
  static <T extends @Nullable Object> T copy(T value) throws Exception {
    return (T) decode(encode(value));
  }

  /** One value of every kind, and the edges of each. */
  static List<@Nullable Object> samples() {
    return Arrays.asList(
        null,
        true,
        false,
        Byte.MIN_VALUE,
        (byte) -1,
        Short.MAX_VALUE,
        'x',
        '\uffff',
        0,
        -1,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        Float.NaN,
        -0.0f,
        Double.MIN_VALUE,
        -0.0,
        Double.NEGATIVE_INFINITY,
        "",
        "plain",
        "\u00e9\u00ff\u0000",
        "x".repeat(127),
        "x".repeat(128),
        "x".repeat(70_000),
        "\u4e16\u754c",
        "\ud83d\ude00",
        "lone \ud83d high",
        "\udc00 lone low",
        "\u0100".repeat(20_000),
        new boolean[] {true, false, true},
        new byte[0],
        new byte[] {1, -2, 3},
        new byte[300_000],
        new short[] {Short.MIN_VALUE, 2},
        new char[] {'a', '\uffff'},
        new int[] {1, Integer.MIN_VALUE},
        new long[] {-1, Long.MIN_VALUE},
        new float[] {1.5f, Float.NaN},
        new double[] {Math.PI, Double.NaN},
        new String[] {"a", null, "\u4e16", ""},
        new String[] {"y".repeat(100), "z"},
        new Object[] {1, "a", null, new int[] {1}},
        new int[][] {{1}, null, {2, 3}},
        BigInteger.ZERO,
        BigInteger.ONE.shiftLeft(2000).negate(),
        new BigDecimal("1.50"),
        TimeUnit.SECONDS,
        Shape.ROUND,
        int.class,
        String[].class,
        Shape.class,
        Duration.ofMillis(5),
        new UUID(1, 2),
        List.of(1, 2),
        new ArrayList<>(),
        new ArrayList<>(Arrays.asList(1, "a", null, 2L, new byte[] {1}, TimeUnit.DAYS)),
        new ArrayList<>(List.of(new ArrayList<>(List.of(1)), new HashMap<>(Map.of("k", 'v')))),
        new ArrayList<>(List.of(new UUID(3, 4), 1)),
        new HashMap<>(),
        new HashMap<>(Map.of("a", 1, "b", List.of(2))),
        new LinkedHashMap<>(Map.of("a", 1)),
        new TreeMap<>(Map.of("a", 1)),
        new Point(1, "p"));
  }

  /** A random value, nested at most so deep. */
  static @Nullable Object random(Random random, int depth) {
    int kind = random.nextInt(depth == 0 ? 12 : 17);
    switch (kind) {
      case 0:
        return null;
      case 1:
        return random.nextBoolean();
      case 2:
        return random.nextInt();
      case 3:
        return random.nextLong();
      case 4:
        return random.nextDouble();
      case 5:
        return (char) random.nextInt();
      case 6:
        return "s".repeat(random.nextInt(200));
      case 7: {
        char[] chars = new char[random.nextInt(50)];
        for (int i = 0; i < chars.length; i++) {
          chars[i] = (char) random.nextInt();
        }
        return new String(chars);
      }
      case 8: {
        byte[] bytes = new byte[random.nextInt(500)];
        random.nextBytes(bytes);
        return bytes;
      }
      case 9:
        return random.longs(random.nextInt(30)).toArray();
      case 10:
        return Shape.values()[random.nextInt(2)];
      case 11:
        return new BigInteger(random.nextInt(300), random);
      case 12:
        return new Point(random.nextInt(), random(random, depth - 1));
      case 13: {
        Object shared = random(random, depth - 1);
        return new ArrayList<>(Arrays.asList(shared, 1, shared));
      }
      case 14: {
        HashMap<@Nullable Object, @Nullable Object> map = new HashMap<>();
        for (int i = random.nextInt(8); i > 0; i--) {
          map.put("k" + random.nextInt(), random(random, depth - 1));
        }
        return map;
      }
      default: {
        ArrayList<@Nullable Object> list = new ArrayList<>();
        for (int i = random.nextInt(12); i > 0; i--) {
          list.add(random(random, depth - 1));
        }
        return list;
      }
    }
  }

  enum Shape {
    ROUND,
    /** A constant with a class of its own. */
    SQUARE {
      @Override
      public String toString() {
        return "square";
      }
    }
  }

  record Point(int x, @Nullable Object label) implements java.io.Serializable {}
}
