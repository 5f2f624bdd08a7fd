// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.memory.Session;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a store gives back, and what it does about directories that are not as it has left them. */
@Timeout(120)
class StoreTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();

  /** From byte to byte of a journal; all frames have the same length, so that each of a frame's bytes is met in some frame. */
  private static final int STEP = LongForm.choose(1, 7);

  @TempDir
  private Path directory;

  @AfterEach
  void nothingIsLeft() {
    assertThat(ChildProcess.activeChildren()).isEmpty();
    String[] files =
        new File(Session.current().path()).list((place, name) -> name.startsWith("manager-"));
    assertThat(files).isEmpty();
  }

  private Path store() {
    return directory.resolve("store");
  }

  private Manager hosted() {
    return Manager.start(ManagerOptions.builder().hosted(true).store(store()).build());
  }

  /** A class of a user's. */
  private record Word(String text) implements Serializable {}

  /** One that can be changed inside. */
  private static final class Box implements Serializable {
    private static final long serialVersionUID = 1;
    int count;

    @Override
    public boolean equals(Object other) {
      return other instanceof Box box && box.count == count;
    }

    @Override
    public int hashCode() {
      return count;
    }
  }

  // What comes back.

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void restart_everyKind_hasItsContent(boolean sync) {
    ManagerOptions options =
        ManagerOptions.builder().hosted(true).store(store()).storeSync(sync).build();
    try (Manager manager = Manager.start(options)) {
      manager.<String, Object>map("map").putAll(Map.of("a", 1, "b", new Word("w")));
      manager.<String, Object>dict("dict").put("z", null);
      manager.<String, Object>dict("dict").put(null, "y");
      manager.<Object>list("list").addAll(Arrays.asList("x", null, new Word("v"), 1L));
      manager.<Object>set("set").addAll(List.of("s", 2, new Word("u")));
      ManagedQueue<Object> queue = manager.queue("queue", 3);
      queue.addAll(List.of(1, 2, 3));
      assertThat(queue.poll()).isEqualTo(1);
      ManagedQueue<Object> lifo = manager.lifoQueue("lifo", 5);
      lifo.addAll(List.of(1, 2, 3, 4));
      assertThat(lifo.poll()).isEqualTo(4);
      assertThat(lifo.remove(2)).isTrue();
    }
    try (Manager manager = Manager.start(options)) {
      assertThat(manager.<String, Object>map("map")).isEqualTo(Map.of("a", 1, "b", new Word("w")));
      assertThat(manager.<String, Object>dict("dict")).containsEntry("z", null).hasSize(2);
      assertThat(new ArrayList<>(manager.<String, Object>dict("dict").keySet()))
          .containsExactly("z", null);
      assertThat(manager.<Object>list("list")).containsExactly("x", null, new Word("v"), 1L);
      assertThat(manager.<Object>set("set")).containsExactly("s", 2, new Word("u"));
      ManagedQueue<Object> queue = manager.queue("queue", 100);
      assertThat(queue).containsExactly(2, 3);
      assertThat(queue.remainingCapacity()).isEqualTo(1);
      assertThat(manager.<Object>lifoQueue("lifo", 5)).containsExactly(3, 1);
      assertThatThrownBy(() -> manager.set("list"))
          .hasMessageContaining("\"list\" is a list, not a set");
    }
  }

  /** What a function changes inside a value is a change, and what it leaves half done when it throws is what there is. */
  @Test
  void restart_afterFunctions_hasWhatTheyLeft() {
    try (Manager manager = hosted()) {
      ManagedMap<String, Box> map = manager.map("map");
      map.put("in place", new Box());
      map.computeIfPresent("in place", (key, box) -> {
        box.count = 7;
        return box;
      });
      ManagedList<Box> list = manager.list("list");
      list.addAll(List.of(new Box(), new Box(), new Box()));
      assertThatThrownBy(() -> list.replaceAll(box -> {
            box.count = 1;
            throw new IllegalStateException("half done");
          }))
          .isInstanceOf(RuntimeException.class);
      assertThat(list.get(0).count + list.get(1).count).isEqualTo(1);
    }
    try (Manager manager = hosted()) {
      assertThat(manager.<String, Box>map("map").get("in place").count).isEqualTo(7);
      ManagedList<Box> list = manager.list("list");
      assertThat(list.stream().map(box -> box.count)).containsExactly(1, 0, 0);
    }
  }

  /** A change that cannot be written down is no change. */
  @Test
  void function_thatPutsWhatCannotBeKept_isUndone() {
    try (Manager manager = hosted()) {
      ManagedMap<String, Object> map = manager.dict("map");
      map.put("a", 1);
      map.put("b", new Word("x"));
      assertThatThrownBy(() -> map.compute("a", (key, value) -> new Object()))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining("cannot be stored, and was undone");
      assertThatThrownBy(() -> map.replaceAll((key, value) -> new Object()))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining("cannot be stored, and was undone");
      ManagedList<Object> list = manager.list("list");
      list.addAll(List.of(1, 2));
      assertThatThrownBy(() -> list.replaceAll(value -> new Object()))
          .hasMessageContaining("cannot be stored, and was undone");
      assertThat(map).isEqualTo(Map.of("a", 1, "b", new Word("x")));
      assertThat(list).containsExactly(1, 2);
    }
    try (Manager manager = hosted()) {
      assertThat(manager.dict("map")).isEqualTo(Map.of("a", 1, "b", new Word("x")));
      assertThat(manager.list("list")).isEqualTo(List.of(1, 2));
    }
  }

  /** Objects without a name are kept if they are in one that is; handles are the same afterwards, and a new object never has the number of an old one. */
  @Test
  void restart_nested_keptIfReachable() {
    ManagedList<Object> lost;
    try (Manager manager = hosted()) {
      ManagedList<Object> inner = manager.list();
      lost = manager.list();
      lost.add("lost");
      ManagedMap<String, Object> middle = manager.map();
      middle.put("inner", inner);
      manager.<Object>queue("root", 3).add(middle);
      inner.add("found");
    }
    try (Manager manager = hosted()) {
      @SuppressWarnings("unchecked")
      ManagedMap<String, ManagedList<Object>> middle =
          (ManagedMap<String, ManagedList<Object>>) manager.queue("root", 3).peek();
      ManagedList<Object> inner = middle.get("inner");
      assertThat(inner).containsExactly("found");
      Faults.awaitLong("the collector to find what nobody can reach").until(() -> {
        System.gc();
        try {
          lost.size();
          return false;
        } catch (ManagerException isNoMore) {
          return isNoMore.getMessage().contains("any more");
        }
      });
      ManagedList<Object> made = manager.list();
      made.add("new");
      assertThatThrownBy(lost::size).hasMessageContaining("any more");
      inner.add("more");
    }
    try (Manager manager = hosted()) {
      @SuppressWarnings("unchecked")
      ManagedMap<String, ManagedList<Object>> middle =
          (ManagedMap<String, ManagedList<Object>>) manager.queue("root", 3).poll();
      assertThat(middle.get("inner")).containsExactly("found", "more");
    }
  }

  /** What was taken before counts as dealt with. */
  @Test
  void restart_queue_joinWaitsForWhatIsThere() throws Exception {
    try (Manager manager = hosted()) {
      ManagedQueue<Integer> queue = manager.queue("queue", 10);
      queue.addAll(List.of(1, 2));
      queue.take();
    }
    try (Manager manager = hosted()) {
      ManagedQueue<Integer> queue = manager.queue("queue", 10);
      assertThatThrownBy(queue::taskDone).isInstanceOf(IllegalStateException.class);
      queue.take();
      queue.taskDone();
      queue.join();
    }
  }

  // Random operations, all of them.

  /** Whatever is done: after a restart the content is the same; renewals of the journal included. */
  @Test
  void randomOperations_restarted_sameContent() throws Exception {
    long seed = Long.getLong("procpool.test.seed", System.nanoTime());
    Random random = new Random(seed);
    StoreOptions kept = StoreOptions.of(Optional.of(store()), false).renewedBytes(20_000);
    InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    List<Object> before = null;
    for (int round = 0; round < LongForm.choose(5, 3); round++) {
      try (ManagerServer server = ManagerServer.start(anywhere, KEY, ServerSetup.keeping(kept));
          Manager manager = Manager.connect(server.address(), KEY)) {
        Map<Object, Object> map = manager.map("map");
        Map<Object, Object> dict = manager.dict("dict");
        List<Object> list = manager.list("list");
        Set<Object> set = manager.set("set");
        if (before != null) {
          assertThat(content(map, dict, list, set)).as("seed %d", seed).isEqualTo(before);
        }
        for (int i = 0; i < 1000; i++) {
          ignoringFailures(() -> step(random, random.nextBoolean() ? map : dict));
          ignoringFailures(() -> step(random, list));
          ignoringFailures(() -> step(random, set));
        }
        before = content(map, dict, list, set);
      }
    }
    assertThat(files()).as("renewed").doesNotContain("journal-1");
  }

  private static List<Object> content(
      Map<Object, Object> map, Map<Object, Object> dict, List<Object> list, Set<Object> set) {
    return List.of(
        Map.copyOf(map),
        new ArrayList<>(dict.entrySet()).toString(),
        new ArrayList<>(list),
        new ArrayList<>(set));
  }

  private static void ignoringFailures(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException asTheJdkDoes) {
      // And nothing, or a part, was done.
    }
  }

  private static Object any(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> new Word("w" + random.nextInt(4));
      case 1 -> 1000L + random.nextInt(5);
      default -> "k" + random.nextInt(12);
    };
  }

  private static void step(Random random, Map<Object, Object> map) {
    Object key = any(random);
    Object value = any(random);
    switch (random.nextInt(16)) {
      case 0 -> map.remove(key);
      case 1 -> map.putIfAbsent(key, value);
      case 2 -> map.replace(key, value);
      case 3 -> map.remove(key, value);
      case 4 -> map.putAll(Map.of(key, value, "x", 1));
      case 5 -> map.merge(key, value, (a, b) -> a.toString().length() > 9 ? null : a + "+");
      case 6 -> map.computeIfAbsent(key, k -> k + "!");
      case 7 -> map.computeIfPresent(key, (k, v) -> null);
      case 8 -> map.values().remove(value);
      case 9 -> map.keySet().remove(key);
      case 10 -> ((ManagedMap<Object, Object>) map).replaceAll((k, v) -> k);
      case 11 -> {
        if (random.nextInt(10) == 0) {
          map.clear();
        }
      }
      default -> map.put(key, value);
    }
  }

  private static void step(Random random, List<Object> list) {
    Object value = any(random);
    int at = random.nextInt(6);
    switch (random.nextInt(14)) {
      case 0 -> list.add(at, value);
      case 1 -> list.remove(at);
      case 2 -> list.set(at, value);
      case 3 -> list.remove(value);
      case 4 -> list.addAll(List.of(value, "b"));
      case 5 -> list.addAll(at, List.of(value, "c"));
      case 6 -> list.removeAll(List.of(value));
      case 7 -> list.retainAll(List.of(value, "k1", "k2", "k3", "k4", "k5"));
      case 8 -> ((ManagedList<Object>) list).removeIf(element -> element instanceof Word);
      case 9 -> ((ManagedList<Object>) list).replaceAll(element -> element + ".");
      case 10 -> list.sort(null);
      case 11 -> list.subList(at / 2, at).clear();
      default -> list.add(value);
    }
  }

  private static void step(Random random, Set<Object> set) {
    Object value = any(random);
    switch (random.nextInt(8)) {
      case 0, 1 -> set.remove(value);
      case 2 -> set.addAll(Arrays.asList(value, "b", null));
      case 3 -> set.removeAll(Arrays.asList(value, null));
      case 4 -> set.retainAll(List.of(value, "k1", "k2", "k3", "k4", "k5"));
      case 5 -> ((ManagedSet<Object>) set).removeIf(element -> element instanceof Word);
      default -> set.add(value);
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.list(store())) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  // Directories that are not as they were left.

  private byte[] smallJournal() throws IOException {
    try (Manager manager = hosted()) {
      ManagedList<Integer> list = manager.list("list");
      for (int i = 0; i < 20; i++) {
        list.add(i);
      }
    }
    return Files.readAllBytes(store().resolve("journal-1"));
  }

  /** What a crash leaves of the last write is cut off, wherever it was interrupted; what was before it is there. */
  @Test
  void tornTail_atEachByte_isCutOff() throws Exception {
    byte[] whole = smallJournal();
    List<Integer> ends = frameEnds(whole);
    Path file = store().resolve("journal-1");
    for (int length = 0; length <= whole.length; length++) {
      if (length % STEP != 0 && !ends.contains(length)) {
        continue;
      }
      Files.write(file, Arrays.copyOf(whole, length));
      int cut = length;
      int frames = (int) ends.stream().filter(end -> end <= cut).count();
      try (Manager manager = hosted()) {
        ManagedList<Integer> list = manager.list("list");
        assertThat(list).as("cut at %d", length).hasSize(Math.max(0, frames - 1));
        list.add(99);
      }
      try (Manager manager = hosted()) {
        assertThat(manager.list("list")).as("cut at %d", length).hasSize(Math.max(1, frames));
      }
    }
  }

  private static List<Integer> frameEnds(byte[] journal) {
    List<Integer> ends = new ArrayList<>();
    ByteBuffer bytes = ByteBuffer.wrap(journal);
    for (int at = StoreFile.HEADER_BYTES; at < journal.length; ) {
      at += StoreFile.FRAME_BYTES + bytes.getInt(at + 4);
      ends.add(at);
    }
    assertThat(ends).hasSize(21).last().isEqualTo(journal.length);
    return ends;
  }

  /** A byte that is another one, anywhere before the last write, is found; nothing is changed. */
  @Test
  void damagedMiddle_atEachByte_isRefused() throws Exception {
    byte[] whole = smallJournal();
    List<Integer> ends = frameEnds(whole);
    Path file = store().resolve("journal-1");
    for (int at = 0; at < ends.get(ends.size() - 2); at += at < ends.get(0) ? 1 : STEP) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x40;
      Files.write(file, damaged);
      assertThatThrownBy(this::hosted)
          .as("byte %d", at)
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining(file.toString());
      int damagedAt = at;
      if (at >= StoreFile.HEADER_BYTES) {
        int frame =
            ends.stream().filter(end -> end <= damagedAt).reduce((a, b) -> b).orElse(28);
        assertThatThrownBy(this::hosted).hasMessageContaining("damaged at byte " + frame + ":");
      }
      assertThat(Files.readAllBytes(file)).isEqualTo(damaged);
    }
  }

  @Test
  void newerFormat_isRefused() throws Exception {
    byte[] whole = smallJournal();
    ByteBuffer.wrap(whole).putInt(4, 2);
    Files.write(store().resolve("journal-1"), whole);
    assertThatThrownBy(this::hosted)
        .hasMessageContaining("has format 2, and this procpool knows those up to 1");
  }

  @Test
  void missingFile_isRefused() throws Exception {
    smallJournal();
    Files.move(store().resolve("journal-1"), store().resolve("journal-7"));
    assertThatThrownBy(this::hosted).hasMessageContaining("journal-7 is damaged at byte 0");
    StoreFile.create(store(), 7, "0123456789abcdef", Store.DISK).close();
    assertThatThrownBy(this::hosted).hasMessageContaining("the file before journal-7 is missing");
  }

  @Test
  void twoServers_secondIsRefused() {
    try (Manager manager = hosted()) {
      manager.list("list").add(1);
      assertThatThrownBy(this::hosted)
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining(store() + " cannot be used")
          .hasMessageContaining("used by another manager of this process");
      ManagerOptions own = ManagerOptions.builder().store(store()).build();
      assertThatThrownBy(() -> Manager.start(own))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining(
              "used by another manager (pid " + ProcessHandle.current().pid());
      Faults.awaitLong("the child to end")
          .until(() -> ChildProcess.activeChildren().isEmpty());
      manager.list("list").add(2);
    }
    try (Manager manager = hosted()) {
      assertThat(manager.list("list")).hasSize(2);
    }
  }

  // A disk that is full.

  /** Calls fail while nothing can be written, reading goes on, and all is as it was said afterwards. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void diskFull_changesFail_readingGoesOn(boolean sync) throws Exception {
    AtomicBoolean full = new AtomicBoolean();
    StoreFile.Disk disk = (file, bytes, at) -> {
      if (full.get()) {
        bytes.limit(bytes.position() + bytes.remaining() / 2); // a part of it still fits
        file.write(bytes, at);
        throw new IOException("No space left on device");
      }
      return file.write(bytes, at);
    };
    InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    StoreOptions kept = StoreOptions.of(Optional.of(store()), sync);
    try (ManagerServer server =
            ManagerServer.start(anywhere, KEY, ServerSetup.keeping(kept), disk);
        Manager manager = Manager.connect(server.address(), KEY)) {
      ManagedMap<String, Integer> map = manager.map("map");
      ManagedQueue<String> queue = manager.queue("queue", 10);
      map.put("before", 1);
      queue.add("before");
      full.set(true);
      assertThatThrownBy(() -> map.put("concerned", 1))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining("could not be written")
          .hasMessageContaining("No space left on device");
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> map.put("refused", 1))
            .isInstanceOf(ManagerException.class)
            .hasMessageContaining("nothing can be changed now");
      }
      assertThatThrownBy(() -> queue.poll()).hasMessageContaining("nothing can be changed now");
      assertThatThrownBy(() -> manager.list("new"))
          .hasMessageContaining("nothing can be changed now");
      assertThat(map).containsEntry("before", 1).doesNotContainKey("refused");
      assertThat(queue.peek()).isEqualTo("before");
      full.set(false);
      Faults.awaitLong("the store to be written again").until(() -> {
        try {
          map.put("after", 1);
          return true;
        } catch (ManagerException stillFull) {
          return false;
        }
      });
    }
    try (Manager manager = hosted()) {
      assertThat(manager.<String, Integer>map("map"))
          .containsOnlyKeys("before", "concerned", "after");
      assertThat(manager.<String>queue("queue", 1)).containsExactly("before");
    }
  }

  // Values in records.

  @Test
  void change_writtenAndRead_isTheSame() throws Exception {
    Change change = Change.splice(300, List.of(new byte[3]), List.of(new byte[200], new byte[0]));
    PayloadWriter out = new PayloadWriter();
    change.writeTo(out);
    Change.Part part = Change.read(new PayloadReader(out.toByteArray())).parts().get(0);
    assertThat(part.at).isEqualTo(300);
    assertThat(part.removed).isEqualTo(1);
    assertThat(part.after).containsExactly(new byte[200], new byte[0]);
  }

  @Test
  void options_syncWithoutStore_refused() {
    assertThatThrownBy(() -> ManagerOptions.builder().storeSync(true).build())
        .hasMessage("storeSync is set, but there is no store; set store(directory), too");
  }
}
