// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ipc.FaultPoint;
import io.procpool.master.process.Faults;
import io.procpool.sync.DeadOwner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the parts of {@link SyncKillTest} share: party {@code a} is the victim. It is stopped at a named step inside of what it does, and
 * killed there from outside; party {@code b} and the master must get on.
 */
public abstract class KillContract extends SyncContract {
  @TempDir
  protected Path directory;

  private int stops;
  private long victim;

  @BeforeEach
  protected void findVictim() throws Exception {
    victim = a().pid();
  }

  protected final long victim() {
    return victim;
  }

  /** Has a new thread of the victim do something until it is at a step, where it stays. */
  protected final Begun<Boolean> stopAt(String step, Action action) throws Exception {
    return stopAt(step, a().actor(), action);
  }

  /** Has a thread of the victim do something until it is at a step, where it stays. */
  protected final Begun<Boolean> stopAt(String step, Actor actor, Action action) throws Exception {
    Path stopped = arm(step);
    Begun<Boolean> begun = actor.start(action);
    awaitStopped(step, stopped);
    return begun;
  }

  /** Has the next thread of the victim that comes to a step stay there; returns the file that says that it is. */
  protected final Path arm(String step) throws Exception {
    Path stopped = directory.resolve("stopped-" + stops++);
    String path = stopped.toString();
    a().dispatch(() -> {
      FaultPoint.stopAt(step, Path.of(path));
      return true;
    });
    return stopped;
  }

  protected static void awaitStopped(String step, Path stopped) {
    Faults.awaitLong("the victim to be at " + step).until(() -> Files.exists(stopped));
  }

  /** Kills the victim; what it did is not waited for. */
  protected final void kill() throws Exception {
    a().kill(victim);
  }

  final void assertIsVictim(Optional<DeadOwner> dead) {
    assertThat(dead).isPresent();
    assertThat(dead.get().pid()).hasValue(victim);
    assertThat(dead.get().toString()).contains("pid " + victim);
  }
}
