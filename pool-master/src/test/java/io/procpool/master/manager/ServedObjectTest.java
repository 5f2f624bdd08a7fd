// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.ImmediateEventExecutor;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager;
import io.procpool.manager.ServerFunctions;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an object does in the event loop, and what it leaves to other threads. */
class ServedObjectTest {
  private final ObjectTable objects = new ObjectTable(
      "server",
      ServedObjectTest.class.getClassLoader(),
      new UserTypes(List.of()),
      null,
      Duration.ZERO);
  private long calls;

  private record Key(int number) implements Serializable {}

  private static ServedObject object(String kind) throws Exception {
    return new ServedObject(
        kind,
        Target.of(
            Objects.requireNonNull(ObjectKind.of(kind)),
            new PayloadReader(new byte[0]),
            ServedObjectTest.class.getClassLoader()),
        ServedObjectTest.class.getClassLoader(),
        Watchers.NONE);
  }

  /** Does something, and tells whether that was left to another thread. */
  private boolean isElsewhere(ServedObject object, String signature, @Nullable Object... arguments)
      throws Exception {
    PayloadWriter encoded = new PayloadWriter();
    for (Object argument : arguments) {
      ValueCodec.write(encoded, argument);
    }
    CompletableFuture<Boolean> isOther = new CompletableFuture<>();
    List<byte[]> replies = new CopyOnWriteArrayList<>();
    Thread self = Thread.currentThread();
    ClientCall call = new ClientCall(
        new Client(),
        ++calls,
        0,
        signature,
        new PayloadReader(encoded.toByteArray()),
        List.of(),
        (done, answer) -> {
          replies.add(answer.message());
          isOther.complete(Thread.currentThread() != self);
        });
    object.accept(call, objects, ImmediateEventExecutor.INSTANCE);
    boolean elsewhere = isOther.get(20, TimeUnit.SECONDS);
    PayloadReader reply = new PayloadReader(replies.get(0));
    FromManager.Reply header = (FromManager.Reply) FromManager.read(ManagerWire.header(reply));
    assertThat(header.outcome()).as(signature).isEqualTo(FromManager.Reply.RETURNED);
    return elsewhere;
  }

  @AfterEach
  void close() {
    objects.close();
  }

  @Test
  void plainValues_inTheLoop() throws Exception {
    ServedObject map = object("map");
    assertThat(isElsewhere(map, "put(Object,Object)", "key", 1)).isFalse();
    assertThat(isElsewhere(map, "put(Object,Object)", "list", new ArrayList<>(List.of(1, "x"))))
        .isFalse();
    assertThat(isElsewhere(map, "put(Object,Object)", "map", new HashMap<>(Map.of("x", List.of()))))
        .as("a list that only JDK serialization can send")
        .isTrue();
    assertThat(isElsewhere(map, "get(Object)", "map")).as("may hold anything").isTrue();
    ServedObject list = object("list");
    assertThat(isElsewhere(list, "addAll(Collection)", new ArrayList<>(List.of(1, "x"))))
        .isFalse();
    assertThat(isElsewhere(list, "add(Object)", new int[] {1})).isFalse();
  }

  /** What was read from one of before a restart is not taken for unchanged. */
  @Test
  void counts_ofChanges_ofTwoObjectsDiffer() throws Exception {
    ObjectKind kind = Objects.requireNonNull(ObjectKind.of("map"));
    ClassLoader loader = ServedObjectTest.class.getClassLoader();
    Target one = Target.of(kind, new PayloadReader(new byte[0]), loader);
    Target other = Target.of(kind, new PayloadReader(new byte[0]), loader);
    assertThat(one.changes()).isNotEqualTo(other.changes());
  }

  /** A list is no key, because many that have the same hash code would hold up everybody. */
  @Test
  void keysThatTakeTime_elsewhere() throws Exception {
    ServedObject list = object("list");
    Map<Object, Object> map = new HashMap<>();
    map.put(new ArrayList<>(List.of(1)), 1);
    assertThat(isElsewhere(list, "add(Object)", map)).isTrue();
    List<Object> large = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      large.add(i);
    }
    assertThat(isElsewhere(list, "contains(Object)", large)).isTrue();
  }

  /** What had to be decoded elsewhere may be harmless all the same. */
  @Test
  void valueOfTheJdk_thenAgainInTheLoop() throws Exception {
    ServedObject map = object("dict");
    assertThat(isElsewhere(map, "put(Object,Object)", "id", UUID.randomUUID())).isTrue();
    assertThat(isElsewhere(map, "put(Object,Object)", "ids", new LinkedHashMap<>(Map.of(1, 2))))
        .isTrue();
    assertThat(isElsewhere(map, "get(Object)", "id")).isFalse();
    assertThat(isElsewhere(map, "get(Object)", new Key(1))).as("only asked for").isTrue();
    assertThat(isElsewhere(map, "get(Object)", "id")).isFalse();
    assertThat(isElsewhere(map, "put(Object,Object)", "key", new Key(1))).isTrue();
    assertThat(isElsewhere(map, "get(Object)", "id"))
        .as("holds a user's object")
        .isTrue();
  }

  @Test
  void functionWithPlainResult_thenAgainInTheLoop() throws Exception {
    ServerFunctions.OfTwo<Integer, Integer, Integer> sum = (a, b) -> a + b;
    ServerFunctions.OfTwo<Object, Object, Object> foreign = (a, b) -> new Key(1);
    ServerFunctions.Which<Object> which = element -> false;
    ServerFunctions.Change<Object> toKey = element -> new Key(2);
    ServerFunctions.Change<Object> toText = element -> element + "!";

    ServedObject map = object("map");
    for (int i = 0; i < 3; i++) {
      assertThat(isElsewhere(map, "merge(Object,Object,BiFunction)", "key", 1, sum))
          .isTrue();
      assertThat(isElsewhere(map, "get(Object)", "key")).isFalse();
    }
    assertThat(isElsewhere(map, "merge(Object,Object,BiFunction)", "key", 1, foreign))
        .isTrue();
    assertThat(isElsewhere(map, "get(Object)", "key")).isTrue();

    ServedObject list = object("list");
    isElsewhere(list, "add(Object)", 1);
    assertThat(isElsewhere(list, "removeIf(Predicate)", which)).isTrue();
    assertThat(isElsewhere(list, "replaceAll(UnaryOperator)", toText)).isTrue();
    assertThat(isElsewhere(list, "get(int)", 0)).isFalse();
    assertThat(isElsewhere(list, "replaceAll(UnaryOperator)", toKey)).isTrue();
    assertThat(isElsewhere(list, "get(int)", 0)).isTrue();

    ServedObject value = object("value");
    assertThat(isElsewhere(value, "getAndUpdate(UnaryOperator)", toText)).isTrue();
    assertThat(isElsewhere(value, "get()")).isFalse();
    assertThat(isElsewhere(value, "getAndUpdate(UnaryOperator)", toKey)).isTrue();
    assertThat(isElsewhere(value, "set(Object)", 1)).isTrue();
  }

  /** A function that has seen a list could keep it, and put something else into it later. */
  @Test
  void functionThatSeesContainer_elsewhereFromThenOn() throws Exception {
    ServerFunctions.Which<Object> which = element -> false;
    ServedObject list = object("list");
    isElsewhere(list, "add(Object)", new ArrayList<>(List.of(1)));
    assertThat(isElsewhere(list, "get(int)", 0)).isFalse();
    assertThat(isElsewhere(list, "removeIf(Predicate)", which)).isTrue();
    assertThat(isElsewhere(list, "get(int)", 0)).isTrue();
  }
}
