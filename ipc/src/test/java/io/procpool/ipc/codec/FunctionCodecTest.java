// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import static io.procpool.ipc.codec.Values.LOADER;
import static io.procpool.ipc.codec.Values.copy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.procpool.Task;
import io.procpool.TaskBiFunction;
import io.procpool.TaskFunction;
import java.io.ObjectInputFilter;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class FunctionCodecTest {
  /** Functions that capture nothing, of every form, behave as before, and are stateless. */
  @Test
  void write_capturingNothing_behavesAsBefore() throws Exception {
    TaskFunction<Integer, Integer> lambda = x -> x + 1;
    TaskFunction<String, Integer> toStatic = Integer::parseInt;
    TaskFunction<String, Integer> unbound = String::length;
    TaskFunction<String, StringBuilder> constructor = StringBuilder::new;
    TaskFunction<Integer, int[]> array = int[]::new;
    TaskBiFunction<Integer, Integer, Integer> two = Integer::sum;

    assertThat(copy(lambda).apply(1)).isEqualTo(2);
    assertThat(copy(toStatic).apply("12")).isEqualTo(12);
    assertThat(copy(unbound).apply("abc")).isEqualTo(3);
    assertThat(copy(constructor).apply("x").append("y")).hasToString("xy");
    assertThat(copy(array).apply(3)).hasSize(3);
    assertThat(copy(two).apply(1, 2)).isEqualTo(3);
    for (Object function : List.of(lambda, toStatic, unbound, constructor, two)) {
      assertThat(FunctionCodec.isStateless(function)).isTrue();
      assertThat(Values.encode(function))
          .isEqualTo(Values.encode(function))
          .startsWith(ValueCodec.LAMBDA);
    }
  }

  /** Captured primitives of all types, nulls, arrays and objects arrive as they are. */
  @Test
  void write_capturing_keepsWhatIsCaptured() throws Exception {
    byte b = 1;
    short s = 2;
    char c = 'c';
    int i = 4;
    long l = 5;
    float f = 6.5f;
    double d = 7.5;
    boolean z = true;
    String none = null;
    int[] array = {8};
    List<Integer> list = List.of(9);
    Task<String> task = () -> "" + b + s + c + i + l + f + d + z + none + array[0] + list;
    assertThat(FunctionCodec.isStateless(task)).isFalse();
    assertThat(copy(task).call()).isEqualTo(task.call()).isEqualTo("12c456.57.5truenull8[9]");

    // the second encoding is made with what is known of the class
    assertThat(copy(task).call()).isEqualTo(task.call());
  }

  /** Two captured variables that share an object share it afterwards. */
  @Test
  void write_capturedTwice_staysOneObject() throws Exception {
    List<Integer> list = new ArrayList<>();
    List<List<Integer>> holder = new ArrayList<>(List.of(list));
    Task<Boolean> task = () -> holder.get(0) == list;
    assertThat(copy(task).call()).isTrue();
  }

  /** Lambdas inside lambdas, to any depth, and inside collections. */
  @Test
  void write_nestedLambdas_behaveAsBefore() throws Exception {
    TaskFunction<Integer, Integer> function = x -> x + 1;
    for (int i = 0; i < 60; i++) {
      TaskFunction<Integer, Integer> inner = function;
      int add = i;
      function = x -> inner.apply(x) + add;
    }
    assertThat(copy(function).apply(0)).isEqualTo(function.apply(0));

    List<TaskFunction<Integer, Integer>> functions = new ArrayList<>(List.of(function, x -> -x));
    assertThat(copy(functions).get(1).apply(3)).isEqualTo(-3);
    Task<Integer> capturingList = () -> functions.get(1).apply(4);
    assertThat(copy(capturingList).call()).isEqualTo(-4);
  }

  /** A method reference bound to an instance brings the instance; so does a lambda that uses a field. */
  @Test
  void write_boundToInstance_bringsTheInstance() throws Exception {
    Counter counter = new Counter(5);
    Task<Integer> bound = counter::next;
    assertThat(FunctionCodec.isStateless(bound)).isFalse();
    assertThat(copy(bound).call()).isEqualTo(6);
    assertThat(copy(counter.lambda()).call()).isEqualTo(105);
    assertThat(copy(counter.superCall()).call()).isEqualTo("base");
  }

  private static class Base implements Serializable {
    private static final long serialVersionUID = 1;

    String name() {
      return "base";
    }
  }

  private static final class Counter extends Base {
    private static final long serialVersionUID = 1;
    private int n;

    Counter(int n) {
      this.n = n;
    }

    int next() {
      return ++n;
    }

    Task<Integer> lambda() {
      return () -> n + 100;
    }

    @Override
    String name() {
      return "counter";
    }

    Task<String> superCall() {
      return super::name;
    }
  }

  /** A lambda made serializable by a cast keeps all of its interfaces. */
  @Test
  void write_intersectionCast_keepsInterfaces() throws Exception {
    int n = 3;
    Callable<Integer> callable = (Callable<Integer> & Serializable & Marker) () -> n;
    Callable<Integer> copy = copy(callable);
    assertThat(copy.call()).isEqualTo(3);
    assertThat(copy).isInstanceOf(Marker.class);
  }

  private interface Marker {}

  /** Lambdas of an interface and of the JDK, whose insides are closed to us, come back too. */
  @Test
  void write_lambdasOfInterfacesAndOfTheJdk_behaveAsBefore() throws Exception {
    assertThat(copy(Makes.adder(4)).apply(1)).isEqualTo(5);
    Comparator<String> comparator = Comparator.comparing(
        (java.util.function.Function<String, Integer> & Serializable) String::length);
    Comparator<String> copy = copy(comparator.reversed());
    assertThat(copy.compare("a", "bb")).isPositive();
  }

  private interface Makes {
    static TaskFunction<Integer, Integer> adder(int n) {
      return x -> x + n;
    }
  }

  /** Ordinary objects are functions as well, with their state. */
  @Test
  void write_ordinaryObject_comesBack() throws Exception {
    Doubling doubling = new Doubling();
    assertThat(FunctionCodec.isStateless(doubling)).isFalse();
    PayloadWriter writer = new PayloadWriter();
    FunctionCodec.write(writer, doubling);
    Object copy = FunctionCodec.read(new PayloadReader(writer.view()), LOADER, null);
    assertThat(((Doubling) copy).apply(4)).isEqualTo(8);
  }

  private static final class Doubling implements TaskFunction<Integer, Integer> {
    private static final long serialVersionUID = 1;

    @Override
    public Integer apply(Integer x) {
      return 2 * x;
    }
  }

  /** A lambda that is not serializable is refused. */
  @Test
  void write_plainLambda_isUnencodable() {
    Runnable plain = () -> {};
    assertThat(FunctionCodec.isStateless(plain)).isFalse();
    assertThatExceptionOfType(UnencodableValueException.class)
        .isThrownBy(() -> Values.encode(plain));
  }

  /** Names for messages say what stands in the source. */
  @Test
  void nameOf_functions_saysWhatStandsInTheSource() {
    TaskFunction<String, Integer> reference = Integer::parseInt;
    TaskFunction<String, Integer> lambda = x -> 1;
    TaskFunction<String, StringBuilder> constructor = StringBuilder::new;
    assertThat(FunctionCodec.nameOf(reference)).isEqualTo("Integer::parseInt");
    assertThat(FunctionCodec.nameOf(constructor)).isEqualTo("StringBuilder::new");
    assertThat(FunctionCodec.nameOf(lambda)).startsWith("FunctionCodecTest.lambda$nameOf_");
    assertThat(FunctionCodec.nameOf(new Doubling())).isEqualTo("FunctionCodecTest$Doubling");
  }

  /** A lambda whose class is missing, refused or different is undecodable, and the class is named. */
  @Test
  void read_classNotAsExpected_isUndecodable() throws Exception {
    TaskFunction<Integer, Integer> lambda = x -> x;
    byte[] bytes = Values.encode(lambda);
    assertThatExceptionOfType(UndecodableValueException.class)
        .isThrownBy(() -> FunctionCodec.read(
            new PayloadReader(bytes), ClassLoader.getPlatformClassLoader(), null))
        .withMessageContaining("class not found here: " + FunctionCodecTest.class.getName());

    ObjectInputFilter nothing = ObjectInputFilter.Config.createFilter("!*");
    assertThatExceptionOfType(UndecodableValueException.class)
        .isThrownBy(() -> FunctionCodec.read(new PayloadReader(bytes), LOADER, nothing))
        .withMessageContaining("refused");

    byte[] other = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1)
        .replace("lambda$read_", "lambda$reed_")
        .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThatExceptionOfType(UndecodableValueException.class)
        .isThrownBy(() -> FunctionCodec.read(new PayloadReader(other), LOADER, null))
        .withMessageContaining("no such lambda here: lambda$reed_");
  }

  /** Cut or damaged functions give a function or a format error, and nothing else. */
  @Test
  void read_cutOrChanged_isFormatErrorOrFunction() throws Exception {
    int n = 3;
    TaskFunction<Integer, Integer> lambda = x -> x + n;
    byte[] bytes = Values.encode(lambda);
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatExceptionOfType(PayloadFormatException.class)
          .isThrownBy(() -> FunctionCodec.read(new PayloadReader(cut), LOADER, null));
    }
    for (long seed = 0; seed < 5_000; seed++) {
      Random random = new Random(seed);
      byte[] changed = bytes.clone();
      changed[random.nextInt(bytes.length)] = (byte) random.nextInt();
      try {
        FunctionCodec.read(new PayloadReader(changed), LOADER, null);
      } catch (PayloadFormatException e) {
        assertThat(e).as("seed %d", seed).isNotNull();
      }
    }
  }
}
