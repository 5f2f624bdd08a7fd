// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kill explains one death, of a process that was alive before it, however long that takes to die. */
final class KillLedgerTest {
  private static final long SECOND = 1_000_000_000;

  @TempDir
  Path directory;

  private long now = 5 * SECOND;
  private KillLedger ledger;

  @BeforeEach
  void open() throws IOException {
    Files.createDirectories(directory.resolve("proc/self"));
    Files.createDirectories(directory.resolve("groups/memory/a"));
    Files.writeString(directory.resolve("proc/self/cgroup"), "4:memory:/a\n");
    killed(3, 7);
    ledger = new KillLedger(
        new KernelKills(directory.resolve("groups"), directory.resolve("proc")), () -> now);
  }

  private void killed(long inGroup, long onMachine) throws IOException {
    Files.writeString(
        directory.resolve("groups/memory/a/memory.oom_control"), "oom_kill " + inGroup + "\n");
    Files.writeString(directory.resolve("proc/vmstat"), "oom_kill " + onMachine + "\n");
  }

  private KillLedger.Mark markAfter(long nanos) {
    now += nanos;
    return ledger.mark();
  }

  @Test
  void kill_beforeProcessWasSeenWell_isNotItsOwn() throws IOException {
    killed(4, 8);
    KillLedger.Mark well = markAfter(SECOND);
    assertThat(ledger.judge(well)).isEqualTo(new KillLedger.Verdict(false, ""));
  }

  /** Others are looked at in the meantime. */
  @Test
  void kill_processTakesLongToDie_isItsOwn() throws IOException {
    KillLedger.Mark well = markAfter(SECOND);
    killed(4, 8);
    for (int i = 0; i < 20; i++) {
      markAfter(SECOND);
    }
    KillLedger.Verdict verdict = ledger.judge(well);
    assertThat(verdict.certain()).isTrue();
    assertThat(verdict.text()).contains("killed 1 of this control group", "oom_kill 3 -> 4)");
  }

  @Test
  void kills_asManyAsDeaths_explainEachOfThem() throws IOException {
    KillLedger.Mark well = markAfter(SECOND);
    killed(5, 9);
    assertThat(ledger.judge(well).certain()).isTrue();
    KillLedger.Mark later = markAfter(SECOND);
    assertThat(ledger.judge(well).certain()).isTrue();
    assertThat(ledger.judge(well)).isEqualTo(new KillLedger.Verdict(false, ""));
    killed(6, 10);
    assertThat(ledger.judge(later).certain()).as("one more").isTrue();
  }

  /** Of a process that was never looked at nobody knows when it was well. */
  @Test
  void kill_processNeverSeen_isCertainIfCountIsFresh() throws IOException {
    markAfter(SECOND);
    markAfter(SECOND / 2);
    killed(4, 8);
    assertThat(ledger.judge(null).certain()).isTrue();
    killed(5, 9);
    now += 90 * SECOND;
    KillLedger.Verdict hint = ledger.judge(null);
    assertThat(hint.certain()).isFalse();
    assertThat(hint.text()).contains("in the last 90 s", "oom_kill 3 -> 5)");
  }

  @Test
  void kill_elsewhereOnTheMachine_isAHint() throws IOException {
    KillLedger.Mark well = markAfter(SECOND);
    killed(3, 8);
    KillLedger.Verdict verdict = ledger.judge(well);
    assertThat(verdict.certain()).isFalse();
    assertThat(verdict.text()).contains("on this machine (/proc/vmstat: oom_kill 7 -> 8)");
  }
}
