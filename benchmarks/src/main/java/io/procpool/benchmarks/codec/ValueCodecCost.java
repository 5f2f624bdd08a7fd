// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.codec;

import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ValueCodec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What does it cost to encode and to decode a value, against JDK serialization?
 *
 * <pre>benchmarks/jmh ValueCodecCost</pre>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ValueCodecCost {
  private static final ClassLoader LOADER = ValueCodecCost.class.getClassLoader();

  /** How the value is encoded. */
  public enum Format {
    PROCPOOL,
    JDK
  }

  /** A class that has no short form. */
  public record Point(int x, int y, String name) implements Serializable {}

  /** What is encoded. */
  public enum Kind {
    INTEGER(() -> 4711),
    SHORT_TEXT(() -> "what is encoded"),
    BYTES_ONE_KIB(() -> new byte[1024]),
    THOUSAND_INTEGERS(() -> new ArrayList<>(IntStream.range(0, 1000).boxed().toList())),
    MAP_OF_HUNDRED(() -> {
      HashMap<String, Integer> map = new HashMap<>();
      IntStream.range(0, 100).forEach(i -> map.put("key " + i, i));
      return map;
    }),
    RECORD(() -> new Point(1, 2, "a point"));

    private final Supplier<Object> value;

    Kind(Supplier<Object> value) {
      this.value = value;
    }
  }

  @Param
  public Format format = Format.PROCPOOL;

  @Param
  public Kind kind = Kind.INTEGER;

  private final PayloadWriter writer = new PayloadWriter();
  private Object value = "";
  private byte[] encoded = {};

  @Setup
  public void prepare() throws Exception {
    value = kind.value.get();
    encode();
    encoded = format == Format.JDK ? jdkBytes() : writer.toByteArray();
  }

  @Benchmark
  public Object encode() throws Exception {
    if (format == Format.JDK) {
      return jdkBytes();
    }
    writer.reset();
    ValueCodec.write(writer, value);
    return writer;
  }

  private byte[] jdkBytes() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    return bytes.toByteArray();
  }

  @Benchmark
  public @Nullable Object decode() throws Exception {
    if (format == Format.PROCPOOL) {
      return ValueCodec.read(new PayloadReader(encoded), LOADER);
    }
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(encoded))) {
      return in.readObject();
    }
  }
}
