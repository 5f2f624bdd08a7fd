// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.Pipe;
import io.procpool.ipc.memory.Block;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.ipc.memory.Session;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A ring whose state a test can set: where counts and positions begin again, what is left of those who died, files that are gone. */
final class RingTest {
  private static final int COUNT = 1 << 24;

  @TempDir
  Path directory;

  private Set<String> before = Set.of();
  private Block block;

  @BeforeEach
  void allocate() {
    before = Set.of();
    before = Set.of(segments());
    block = (Block) new MappedStore().allocate("ring test", RingLayout.RING_BYTES);
  }

  @AfterEach
  void close() {
    block.close();
    assertThat(segments()).as("segments of a closed block").isEmpty();
  }

  /** Returns the segments of the tested block. */
  private String[] segments() {
    String[] names = new File(Session.current().path())
        .list((place, name) -> name.startsWith("segment-") && !before.contains(name));
    return names == null ? new String[0] : names;
  }

  private Ring ring(int capacity, long capacityBytes) {
    Ring.format(block.part(0), 0, capacity, capacityBytes);
    return new Ring("a test", block, 0, new Open());
  }

  /** There is always somebody at both ends. */
  private static final class Open implements Ring.Ends {
    @Override
    public boolean isWithoutPutters() {
      return false;
    }

    @Override
    public boolean isWithoutTakers() {
      return false;
    }

    @Override
    public boolean isClosed() {
      return false;
    }

    @Override
    public void checkOpen() {}
  }

  private static byte[] message(int number, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) number);
    return bytes;
  }

  private static Ring.Result put(Ring ring, byte[] bytes) {
    return ring.tryPut(Messages.BYTES, ByteBuffer.wrap(bytes));
  }

  private static byte[] taken(Ring ring) {
    Receiver receiver = new Receiver(true);
    assertThat(ring.tryTake(receiver)).isEqualTo(Ring.Result.DONE);
    return (byte[]) receiver.message();
  }

  /** Sets how many messages and units have ever been put and taken. */
  private void begin(long count, long position) {
    long word = position << RingLayout.POSITION_SHIFT | count;
    block.part(0).putLong(RingLayout.TAIL, word);
    block.part(0).putLong(RingLayout.HEAD, word);
    block.part(0).putLong(RingLayout.PUTTERS + RingLayout.SEEN, word);
    block.part(0).putLong(RingLayout.TAKERS + RingLayout.SEEN, word);
  }

  @ParameterizedTest
  @CsvSource({"1, 1024", "3, 1048576", "16777214, 2000", "16777214, 1048576"})
  void putAndTake_countsAndPositionsBeginAgain_nothingIsLost(int capacity, long bytes) {
    Ring ring = ring(capacity, bytes);
    begin(COUNT - 7, RingLayout.POSITION_MASK - 25);
    Deque<byte[]> model = new ArrayDeque<>();
    long modelBytes = 0;
    Random random = new Random(1);
    for (int i = 0; i < 400; i++) {
      byte[] message = message(i, random.nextInt(120));
      long size = (message.length + 15) / 8 * 8;
      if (random.nextInt(5) > 1) {
        boolean fits = model.isEmpty() || model.size() < capacity && modelBytes + size <= bytes;
        assertThat(put(ring, message)).isEqualTo(fits ? Ring.Result.DONE : Ring.Result.NOT_YET);
        if (fits) {
          model.add(message);
          modelBytes += size;
        }
      } else if (!model.isEmpty()) {
        modelBytes -= (model.getFirst().length + 15) / 8 * 8;
        assertThat(taken(ring)).isEqualTo(model.remove());
      }
      assertThat(ring.size()).isEqualTo(model.size());
      assertThat(ring.sizeBytes()).isEqualTo(modelBytes);
    }
  }

  /** What is larger than any message may be is said with its size, and nothing is put. */
  @Test
  void send_tooLarge_isRefused() throws Exception {
    Ring ring = ring(10, 1 << 20);
    Path file = directory.resolve("large");
    try (FileChannel channel = FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      int bytes = Pipe.MAX_MESSAGE_BYTES + 1;
      ByteBuffer large = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes); // takes no room
      assertThatThrownBy(() -> ring.tryPut(Messages.BYTES, large))
          .isInstanceOf(NotSerializableMessageException.class)
          .hasMessageContaining(Integer.toString(bytes))
          .hasMessageContaining("nothing was sent");
    }
    assertThat(ring.size()).isZero();
    assertThat(segments()).isEmpty();
  }

  /** Two handles of each side take turns, so that each finds what the other one has done to the segments. */
  @Test
  void putAndTake_messagesOfAllSizes_growAndShrink() {
    Ring one = ring(1000, 3 << 20);
    Ring other = new Ring("another handle", block, 0, new Open());
    Deque<byte[]> model = new ArrayDeque<>();
    Random random = new Random(2);
    for (int i = 0; i < 3000; i++) {
      Ring ring = random.nextBoolean() ? one : other;
      boolean putting = random.nextInt(100) < (i / 300 % 2 == 0 ? 70 : 30);
      if (putting) {
        int length = random.nextInt(1 << 4 + random.nextInt(18));
        byte[] message = message(i, length);
        if (put(ring, message) == Ring.Result.DONE) {
          model.add(message);
        } else {
          assertThat(model).isNotEmpty();
        }
      } else if (!model.isEmpty()) {
        assertThat(taken(ring)).isEqualTo(model.remove());
      } else {
        assertThat(ring.tryTake(new Receiver(true))).isEqualTo(Ring.Result.NOT_YET);
      }
      if (i % 100 == 0) {
        List<Ring.Copy> copies = ring.copies();
        assertThat(copies).hasSameSizeAs(model);
      }
    }
    assertThat(segments().length).as("segments in use").isLessThanOrEqualTo(3);
  }

  /** A large segment is not kept for small messages. */
  @Test
  void put_smallAfterLarge_leavesTheLargeSegment() {
    Ring ring = ring(10, 1 << 16);
    assertThat(put(ring, new byte[20 << 20])).isEqualTo(Ring.Result.DONE);
    assertThat(taken(ring)).hasSize(20 << 20);
    assertThat(put(ring, new byte[1])).isEqualTo(Ring.Result.DONE);
    assertThat(taken(ring)).hasSize(1);
    assertThat(segments())
        .singleElement()
        .satisfies(name -> assertThat(new File(Session.current().path(), name.toString()).length())
            .isLessThan(1 << 20));
  }

  /** The rings of one block have segments of their own, whichever has the first one first. */
  @Test
  void put_anotherRingInTheBlock_isNotAffected() {
    block.close();
    block = (Block) new MappedStore().allocate("ring test", 2 * RingLayout.RING_BYTES);
    Ring one = ring(100, 1 << 20);
    Ring.format(block.part(0), RingLayout.RING_BYTES, 100, 1 << 20);
    Ring other = new Ring("another ring", block, RingLayout.RING_BYTES, new Open());
    for (int i = 0; i < 3; i++) {
      assertThat(put(one, message(i, 60_000))).isEqualTo(Ring.Result.DONE);
      assertThat(put(other, message(10 + i, 60_000))).isEqualTo(Ring.Result.DONE);
    }
    for (int i = 0; i < 3; i++) {
      assertThat(taken(one)).isEqualTo(message(i, 60_000));
      assertThat(taken(other)).isEqualTo(message(10 + i, 60_000));
    }
  }

  /** What somebody left who died while it made a larger file than is needed now does no harm. */
  @Test
  void put_unfinishedFileIsThere_isMadeAnew() throws Exception {
    Ring ring = ring(100, 1 << 20);
    assertThat(put(ring, message(1, 60_000))).isEqualTo(Ring.Result.DONE);
    String first = segments()[0];
    Path place = Path.of(Session.current().path());
    String second = first.substring(0, first.length() - 1) + "2";
    Files.write(place.resolve(second + ".new"), message(-1, 3 << 20));
    Files.write(place.resolve(second), message(-1, 3 << 20));
    assertThat(put(ring, message(2, 60_000))).isEqualTo(Ring.Result.DONE);
    assertThat(put(ring, message(3, 60_000))).isEqualTo(Ring.Result.DONE);
    for (int i = 1; i <= 3; i++) {
      assertThat(taken(ring)).isEqualTo(message(i, 60_000));
    }
  }

  /** A segment that cannot be opened is an error each time; what was mapped before is not touched any more, or still is. */
  @Test
  void take_segmentCannotBeOpened_failsEachTime() {
    Ring ring = ring(100, 1 << 20);
    assertThat(put(ring, message(1, 60_000))).isEqualTo(Ring.Result.DONE);
    assertThat(put(ring, message(2, 60_000))).isEqualTo(Ring.Result.DONE);
    assertThat(put(ring, message(3, 60_000))).isEqualTo(Ring.Result.DONE);
    assertThat(taken(ring)).isEqualTo(message(1, 60_000));
    assertThat(taken(ring)).isEqualTo(message(2, 60_000));
    block.files().series(0).delete(2);
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> taken(ring))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("segment-");
    }
  }

  /** The same for who puts: another handle has made the next segment, and this one cannot open it. */
  @Test
  void put_segmentCannotBeOpened_failsEachTime() {
    Ring ring = ring(100, 1 << 20);
    Ring other = new Ring("another handle", block, 0, new Open());
    assertThat(put(ring, message(1, 60_000))).isEqualTo(Ring.Result.DONE);
    assertThat(put(other, message(2, 60_000))).isEqualTo(Ring.Result.DONE);
    assertThat(put(other, message(3, 60_000))).isEqualTo(Ring.Result.DONE);
    block.files().series(0).delete(2);
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> put(ring, message(4, 10)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("segment-");
    }
  }
}
