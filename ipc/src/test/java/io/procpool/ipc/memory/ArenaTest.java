// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small blocks in one file: making, finding, giving back, and files that are not what they should be. */
final class ArenaTest {
  private static final String NAME = "arena-0123456789abcdef";

  @TempDir
  Path directory;

  private Arena arena() throws IOException {
    File place = directory.toFile();
    Arena.create(place, NAME);
    return Arena.open(place, NAME, arena -> {});
  }

  private static void fill(Block block, byte value) {
    for (int i = 0; i < block.bytes(); i++) {
      block.part(0).put(i, value);
    }
  }

  private static void assertFilled(Block block, byte value) {
    for (int i = 0; i < block.bytes(); i++) {
      assertThat(block.part(0).get(i)).isEqualTo(value);
    }
  }

  /** Blocks of all sizes, made and closed at random, never overlap, and begin with zeros. */
  @Test
  void allocate_atRandom_blocksAreSeparateAndZero() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Arena arena = arena();
    List<Block> blocks = new ArrayList<>();
    for (int step = 0; step < 3000; step++) {
      if (blocks.isEmpty() || random.nextInt(3) > 0) {
        Block made = arena.allocate("test", random.nextInt(Arena.LARGEST_BYTES + 1));
        if (made == null) {
          blocks.forEach(Block::close);
          blocks.clear();
          continue;
        }
        assertFilled(made, (byte) 0);
        fill(made, (byte) made.hashCode());
        blocks.add(made);
      } else {
        Block closed = blocks.remove(random.nextInt(blocks.size()));
        assertFilled(closed, (byte) closed.hashCode());
        closed.close();
      }
    }
    for (Block block : blocks) {
      assertFilled(block, (byte) block.hashCode());
    }
  }

  /** What was given back is not used again at once, so that a thread that was about to write there does no harm. */
  @Test
  void close_thenAllocate_getsOtherCellsFirst() throws Exception {
    Arena arena = arena();
    List<Block> closed = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      Block block = arena.allocate("test", 100);
      assertThat(block).isNotNull();
      fill(block, (byte) 1);
      block.close();
      closed.add(block);
    }
    closed.forEach(
        block -> assertFilled(block, (byte) 1)); // a new block there would have been zeroed
  }

  /** A second close is none, even if another block lies there by then. */
  @Test
  void close_againWhenTheMemoryIsAnothers_leavesThatAlone() throws Exception {
    Arena arena = arena();
    Block first = arena.allocate("test", Arena.LARGEST_BYTES);
    while (arena.allocate("test", Arena.LARGEST_BYTES) != null) {
      // Until there is no other place. What is collected without being closed is kept.
    }
    first.close();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    Block second = arena.allocate("test", Arena.LARGEST_BYTES);
    while (second == null) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.onSpinWait();
      second = arena.allocate("test", Arena.LARGEST_BYTES);
    }
    assertThat(((BlockHandle) second.name()).cell()).isEqualTo(((BlockHandle) first.name()).cell());
    first.close();
    arena.attach((BlockHandle) second.name()).close();
    second.close();
  }

  @Test
  void allocate_full_isNullAndLeavesTheOthersAlone() throws Exception {
    Arena arena = arena();
    List<Block> blocks = new ArrayList<>();
    for (Block made = arena.allocate("test", Arena.LARGEST_BYTES);
        made != null;
        made = arena.allocate("test", Arena.LARGEST_BYTES)) {
      fill(made, (byte) 5);
      blocks.add(made);
    }
    assertThat(blocks).hasSize(BlockLayout.CELL_COUNT * BlockLayout.CELL_BYTES / 8192);
    blocks.forEach(block -> assertFilled(block, (byte) 5));
  }

  /** A thread that was interrupted shares memory as any other, and stays interrupted; nothing that is held is lost. */
  @Test
  void interruptedThread_makesAndClosesBlocks() throws Exception {
    try (SharedInt before = SharedInt.create(1)) {
      Thread.currentThread().interrupt();
      try (SharedInt small = SharedInt.create(2);
          SharedIntArray large = SharedIntArray.create(50_000)) {
        large.set(49_999, small.incrementAndGet());
        assertThat(large.get(49_999)).isEqualTo(3);
      } finally {
        assertThat(Thread.interrupted()).isTrue();
      }
      assertThat(before.incrementAndGet()).isEqualTo(2);
    }
  }

  /** Memory of a burst of small blocks goes back to the system; what is still there stays as it is. */
  @Test
  void close_allOfABurst_arenasAreDeleted() {
    File session = new File(Session.current().path());
    try (SharedInt kept = SharedInt.create(7)) {
      List<SharedIntArray> burst = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        burst.add(SharedIntArray.create(1900));
      }
      int most = arenas(session);
      assertThat(most).isGreaterThan(10);
      burst.forEach(SharedIntArray::close);
      assertThat(arenas(session)).isLessThan(most / 2);
      assertThat(kept.incrementAndGet()).isEqualTo(8);
      try (SharedInt another = SharedInt.create(1)) {
        assertThat(another.get()).isEqualTo(1);
      }
    }
  }

  private static int arenas(File session) {
    String[] names = session.list((place, name) -> BlockHandle.isArena(name));
    return names == null ? 0 : names.length;
  }

  private void write(long at, int value) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(directory.resolve(NAME).toFile(), "rw")) {
      file.seek(at);
      file.write(
          ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(value).array());
    }
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> Arena.open(directory.toFile(), NAME, arena -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(NAME)
        .hasMessageContaining(message);
  }

  @Test
  void open_notAnArenaOfThisVersion_isRefused() throws Exception {
    assertRefused("there is no file");
    arena();
    write(BlockLayout.VERSION_OFFSET, 2);
    assertRefused("has version 2; this procpool reads version 1");
    write(BlockLayout.VERSION_OFFSET, 1);
    write(BlockLayout.MAGIC_OFFSET, 0x12345678);
    assertRefused("begins with 12345678");
    write(BlockLayout.MAGIC_OFFSET, BlockLayout.ARENA_MAGIC);
    Arena.open(directory.toFile(), NAME, arena -> {});
    try (RandomAccessFile file = new RandomAccessFile(directory.resolve(NAME).toFile(), "rw")) {
      file.setLength(1000);
      assertRefused("has 1000 bytes (expected: " + BlockLayout.ARENA_BYTES + "); it was truncated");
      file.setLength(10);
      assertRefused("has 10 bytes");
      file.setLength(0);
      assertRefused("has 0 bytes");
    }
  }

  /** Names that come from elsewhere lead nowhere else. */
  @Test
  void handle_notAName_isRefused() {
    for (String file : new String[] {"../../etc/passwd", "arena-1", "block-", "/dev/shm/x", ""}) {
      for (int cell : new int[] {-2, -1, 0, BlockLayout.CELL_COUNT}) {
        assertThatThrownBy(() -> new BlockHandle("s", file, cell, 1, "test", 8))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(file);
      }
    }
    assertThatThrownBy(() -> new BlockHandle("s", NAME, -1, 1, "test", 8))
        .isInstanceOf(IllegalArgumentException.class);
    BlockHandle elsewhere = new BlockHandle("procpool-other", NAME, 1, 1, "test", 8);
    assertThatThrownBy(() -> Session.current().attach(elsewhere))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("belongs to the session procpool-other");
  }
}
