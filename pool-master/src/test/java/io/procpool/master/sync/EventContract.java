// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The contract of {@link ProcessEvent}. */
abstract class EventContract extends SyncContract {
  private static final int ROUNDS = 300;

  @Test
  void set_andClear_areSeenByAll() throws Exception {
    try (ProcessEvent event = home().event()) {
      for (Party setter : parties().all()) {
        for (Party party : parties().all()) {
          assertThat(party.call(event::isSet)).isFalse();
          assertThat(party.call(() -> event.await(Duration.ZERO))).isFalse();
          assertThat(party.call(() -> event.await(Duration.ofSeconds(Long.MIN_VALUE))))
              .isFalse();
        }
        setter.run(event::set);
        setter.run(event::set);
        for (Party party : parties().all()) {
          assertThat(party.call(event::isSet)).isTrue();
          party.run(event::await);
          assertThat(party.call(() -> event.await(Duration.ZERO))).isTrue();
          assertThat(party.call(() -> event.await(Duration.ofSeconds(Long.MAX_VALUE))))
              .isTrue();
        }
        b().run(event::clear);
        b().run(event::clear);
      }
    }
  }

  @Test
  void await_notSet_waitsItsTime() throws Exception {
    try (ProcessEvent event = home().event()) {
      for (Party party : parties().all()) {
        assertThat(party.call(() -> notEarly(() -> event.await(BRIEF)))).isFalse();
      }
    }
  }

  @Test
  void set_letsAllGoOnThatWait() throws Exception {
    try (ProcessEvent event = home().event()) {
      List<Begun<?>> waiting = startWaiting(event);
      waiting.get(0).assertWaits();
      a().run(event::set);
      for (Begun<?> each : waiting) {
        assertThat(each.value()).isEqualTo(true);
      }
    }
  }

  /** Who waits while it is set goes on, even if it is cleared a moment later. */
  @Test
  void clear_atOnceAfterSet_holdsNobodyBackThatWaited() throws Exception {
    try (ProcessEvent event = home().event()) {
      for (int round = 0; round < 5; round++) {
        List<Begun<?>> waiting = startWaiting(event);
        parties().all().get(round % 3).run(() -> {
          event.set();
          event.clear();
        });
        for (Begun<?> each : waiting) {
          assertThat(each.value()).isEqualTo(true);
        }
        assertThat(event.isSet()).isFalse();
        assertThat(event.await(Duration.ofNanos(1))).isFalse();
      }
    }
  }

  private List<Begun<?>> startWaiting(ProcessEvent event) throws Exception {
    List<Begun<?>> waiting = new ArrayList<>();
    for (Party party : parties().all()) {
      waiting.add(party.start(event::await));
      waiting.add(party.begin(() -> event.await(LONG)));
      waiting.add(party.begin(() -> event.await(Duration.ofSeconds(Long.MAX_VALUE))));
    }
    for (Begun<?> each : waiting) {
      each.awaitWaiting();
    }
    return waiting;
  }

  /** An event is set for each round and cleared again; nobody misses one, however they meet. */
  @Test
  void await_roundAfterRound_missesNone() throws Exception {
    try (ProcessEvent go = home().event();
        ProcessEvent back = home().event();
        SharedInt number = SharedInt.create(0)) {
      Begun<Boolean> other = a().start(() -> {
        for (int i = 1; i <= ROUNDS; i++) {
          assertThat(go.await(LONG)).isTrue();
          go.clear();
          assertThat(number.getPlain()).isEqualTo(i);
          number.setPlain(-i);
          back.set();
        }
      });
      for (int i = 1; i <= ROUNDS; i++) {
        number.setPlain(i);
        go.set();
        assertThat(back.await(LONG)).isTrue();
        back.clear();
        assertThat(number.getPlain()).isEqualTo(-i);
      }
      other.value();
    }
  }

  @Test
  void await_interrupted_throws() throws Exception {
    try (ProcessEvent event = home().event()) {
      for (Party party : parties().all()) {
        party.run(() -> {
          assertInterrupted(event::await);
          assertInterrupted(() -> event.await(LONG));
        });
        Actor first = party.actor();
        Actor second = party.actor();
        Begun<Boolean> ever = first.start(event::await).awaitWaiting();
        Begun<Boolean> forAWhile = second.begin(() -> event.await(LONG)).awaitWaiting();
        first.interrupt();
        second.interrupt();
        assertThat(ever.failure()).isInstanceOf(InterruptedException.class);
        assertThat(forAWhile.failure()).isInstanceOf(InterruptedException.class);
      }
      Begun<Boolean> waiting = b().start(event::await).awaitWaiting();
      event.set();
      waiting.value();
    }
  }
}
