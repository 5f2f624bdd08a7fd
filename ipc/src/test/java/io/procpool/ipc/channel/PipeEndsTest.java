// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ipc.memory.Block;
import io.procpool.ipc.memory.MappedStore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who holds the ends of a pipe, while they travel. */
final class PipeEndsTest {
  private Block block;
  private PipeEnds ends;

  @BeforeEach
  void allocate() {
    block = (Block) new MappedStore().allocate("ends test", PipeEnds.pipeBytes());
    ends = new PipeEnds(block);
  }

  @AfterEach
  void close() {
    block.close();
  }

  @Test
  void ship_sentAndClosed_isHeldUntilItArrivesAndIsClosed() {
    ends.hold(0);
    ends.hold(1);
    long shipped = ends.ship(1);
    ends.release(PipeEnds.heldBy(1));
    assertThat(ends.isHeld(1)).isTrue();
    ends.arrive(1, shipped);
    assertThat(ends.isHeld(1)).isTrue();
    ends.release(PipeEnds.heldBy(1));
    assertThat(ends.isHeld(1)).isFalse();
    assertThat(ends.isHeld(0)).isTrue();
    assertThat(ends.isHeld()).isTrue();
    ends.release(PipeEnds.heldBy(0));
    assertThat(ends.isHeld()).isFalse();
  }

  /** The same bytes, decoded twice, are two handles, and one shipment. */
  @Test
  void arrive_twice_isHeldTwice() {
    ends.hold(1);
    long first = ends.ship(1);
    long second = ends.ship(1);
    ends.release(PipeEnds.heldBy(1));
    ends.arrive(1, first);
    ends.arrive(1, first);
    ends.release(PipeEnds.heldBy(1));
    ends.release(PipeEnds.heldBy(1));
    assertThat(ends.isHeld(1)).as("the other one is still on its way").isTrue();
    ends.release(second);
    assertThat(ends.isHeld(1)).isFalse();
    ends.release(second);
    assertThat(ends.isHeld(1)).isFalse();
  }

  /** More on their way than there are entries are counted together. */
  @Test
  void ship_more_thanThereAreEntries_allAreCounted() {
    ends.hold(1);
    long[] shipped = new long[3 * RingLayout.MOST_HOLDERS];
    for (int i = 0; i < shipped.length; i++) {
      shipped[i] = ends.ship(1);
    }
    ends.release(PipeEnds.heldBy(1));
    for (long each : shipped) {
      assertThat(ends.isHeld(1)).isTrue();
      ends.release(each);
    }
    assertThat(ends.isHeld(1)).isFalse();
  }

  /** Forbidden: an end that goes from hand to hand, and is held all the time, is not seen. */
  @Test
  void isHeld_whileEndsTravel_isAlwaysTrue() throws Exception {
    ends.hold(0);
    ends.hold(1);
    AtomicBoolean missed = new AtomicBoolean();
    Thread traveller = new Thread(() -> {
      for (int i = 0; i < 200_000 && !missed.get(); i++) {
        long shipped = ends.ship(1);
        ends.release(PipeEnds.heldBy(1));
        ends.arrive(1, shipped);
      }
    });
    traveller.start();
    while (traveller.isAlive()) {
      if (!ends.isHeld(1)) {
        missed.set(true);
      }
    }
    traveller.join();
    assertThat(missed).isFalse();
  }
}
