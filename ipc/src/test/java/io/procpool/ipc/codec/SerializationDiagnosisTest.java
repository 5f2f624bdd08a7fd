// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.procpool.Task;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SerializationDiagnosisTest {
  /** Fields on the way to the offender are named from the value's class on. */
  @Test
  void of_field_namesThePath() {
    SerializationDiagnosis diagnosis = diagnose(new Render(new Scene(new Thread())));
    assertThat(diagnosis.path()).isEqualTo("Render.scene.cache");
    assertThat(diagnosis.message())
        .startsWith(
            "cannot encode the task: Render.scene.cache is a java.lang.Thread, which is not serializable; ")
        .doesNotContain("\n");
  }

  /** Elements have their index, values of a map their key, keys are told from values. */
  @Test
  void of_elements_namesIndexAndKey() {
    Thread thread = new Thread();
    assertThat(diagnose(new ArrayList<>(List.of(1, 2, new Scene(thread)))).path())
        .isEqualTo("ArrayList[2].cache");
    assertThat(diagnose(List.of(1, thread)).path()).isEqualTo("List12[1]");
    assertThat(diagnose(new Object[] {"a", new Object[] {thread}}).path())
        .isEqualTo("Object[][1][0]");
    assertThat(diagnose(new HashMap<>(Map.of("k", thread))).path()).isEqualTo("HashMap[k]");
    assertThat(diagnose(new HashMap<>(Map.of(thread, 1))).path()).startsWith("HashMap[key Thread[");
    assertThat(diagnose(new HashMap<>(Map.of("k".repeat(500), thread))).path()).hasSizeLessThan(80);
  }

  /** The value itself can be the offender. */
  @Test
  void of_rootItself_isNamed() {
    SerializationDiagnosis diagnosis = diagnose(new Thread());
    assertThat(diagnosis.path()).isEqualTo("Thread");
    assertThat(diagnosis.message())
        .contains("Thread is a java.lang.Thread, which is not serializable");
  }

  /** What a lambda captures is numbered; a captured this is said to be one. */
  @Test
  void of_lambda_namesWhatItCaptures() {
    Thread thread = new Thread();
    Task<Integer> task = () -> thread.hashCode();
    assertThat(diagnose(task).path())
        .matches("lambda\\$of_lambda_namesWhatItCaptures\\$[0-9a-f$]+\\.arg0 \\(captured\\)");

    SerializationDiagnosis capturedThis = diagnose(new Render(new Scene(thread)).task());
    assertThat(capturedThis.path()).endsWith(".arg0 (captured).scene.cache");
    assertThat(capturedThis.message())
        .endsWith("the lambda captures this (Render), because it uses a field or method of it");

    Task<String> bound = new Scene(thread)::toString;
    assertThat(diagnose(bound).message()).endsWith("the method reference is bound to a Scene");
  }

  /** A lambda without a serializable interface is told how to get one. */
  @Test
  void of_plainLambda_saysWhatToDo() {
    Runnable plain = () -> {};
    assertThat(diagnose(plain).message())
        .contains("a lambda that is not serializable; declare it with a serializable interface");
    assertThat(diagnose(new Scene(plain)).path()).isEqualTo("Scene.cache");
  }

  /** Transient and static fields, and objects replaced before they are written, are not blamed. */
  @Test
  void of_notWritten_isNotBlamed() {
    assertThat(diagnose(new Innocent(new Thread())).path()).isEqualTo("Innocent.guilty");
  }

  /** A class that fails in its own writeObject is found, with its failure. */
  @Test
  void of_failingWriteObject_isFound() {
    SerializationDiagnosis diagnosis =
        diagnose(new Scene(new ArrayList<>(List.of(1, new Failing()))));
    assertThat(diagnosis.path()).isEqualTo("Scene.cache[1]");
    assertThat(diagnosis.message())
        .contains("Failing, which fails to serialize: java.lang.IllegalStateException: not now");
  }

  /** Cycles end, and what is behind them is found; chains deeper than the stack are said to be too deep. */
  @Test
  void of_cyclesAndChains_ends() {
    List<Object> cycle = new ArrayList<>();
    cycle.add(cycle);
    cycle.add(new Thread());
    assertThat(diagnose(cycle).path()).isEqualTo("ArrayList[1]");

    Object chain = new Thread();
    for (int i = 0; i < 100_000; i++) {
      chain = new Scene(chain);
    }
    assertThat(diagnose(chain).message()).contains("nested too deeply");
  }

  /** What cannot be found is said not to be known, with the failure. */
  @Test
  void of_notFound_saysSo() {
    SerializationDiagnosis diagnosis =
        SerializationDiagnosis.of("the result", new Scene("fine"), new IOException("odd"));
    assertThat(diagnosis.path()).isEqualTo("Scene");
    assertThat(diagnosis.message())
        .startsWith("cannot encode the result: somewhere in Scene (")
        .endsWith("java.io.IOException: odd");
    assertThat(SerializationDiagnosis.of("the result", null, new IOException("odd"))
            .path())
        .isEqualTo("null");
  }

  private static SerializationDiagnosis diagnose(Object value) {
    Throwable failure = catchThrowable(() -> Values.encode(value));
    assertThat(failure)
        .as(() -> Arrays.toString(new Object[] {value.getClass()}))
        .isNotNull();
    return SerializationDiagnosis.of("the task", value, failure);
  }

  private static final class Render implements Serializable {
    private static final long serialVersionUID = 1;
    private final Scene scene;

    Render(Scene scene) {
      this.scene = scene;
    }

    Task<Integer> task() {
      return () -> scene.hashCode();
    }
  }

  private static final class Scene implements Serializable {
    private static final long serialVersionUID = 1;
    private final String name = "n";
    private final @Nullable Object cache;

    Scene(Object cache) {
      this.cache = cache;
    }
  }

  private static final class Innocent implements Serializable {
    private static final long serialVersionUID = 1;
    private static final Thread SHARED = new Thread();
    private final transient Thread passing;
    private final Replaced replaced = new Replaced();
    private final Thread guilty;

    Innocent(Thread thread) {
      this.passing = thread;
      this.guilty = thread;
    }
  }

  private static final class Replaced implements Serializable {
    private static final long serialVersionUID = 1;
    private final Thread unwritten = new Thread();

    private Object writeReplace() {
      return "replacement";
    }
  }

  private static final class Failing implements Serializable {
    private static final long serialVersionUID = 1;

    private void writeObject(ObjectOutputStream stream) {
      throw new IllegalStateException("not now");
    }
  }
}
