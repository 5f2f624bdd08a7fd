// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.TaskOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class WaitingLinesTest {
  private final FairShares shares = new FairShares();
  private final WaitingLines<Work> lines = new WaitingLines<>(work -> work, shares);

  private static Work work(long id, int priority) {
    return Works.work(
        id, priority == 0 ? TaskOptions.defaults() : TaskOptions.defaults().priority(priority));
  }

  private static Work workOf(long id, String submitter, int weight) {
    return Works.work(id, TaskOptions.defaults().submitter(submitter, weight));
  }

  private List<Long> ids() {
    List<Long> ids = new ArrayList<>();
    while (!lines.isEmpty()) {
      assertThat(lines.peek()).isSameAs(lines.peek());
      ids.add(lines.remove().taskId(0));
    }
    return ids;
  }

  /** Whatever is added, put back, taken and removed, what comes is what a list would give that is searched for the best each time. */
  @Test
  void remove_randomPriorities_isTheFirstOfTheHighest() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<Work> model = new ArrayList<>();
      for (int step = 0; step < 200; step++) {
        int what = random.nextInt(10);
        if (what < 5) {
          Work added = work(step, random.nextInt(3) - 1);
          lines.add(added);
          model.add(added);
        } else if (what < 6) {
          Work back = work(step, random.nextInt(3) - 1);
          lines.putBack(back);
          model.add(0, back);
        } else if (what < 7) {
          int residue = random.nextInt(5);
          lines.removeIf(work -> work.taskId(0) % 5 == residue);
          model.removeIf(work -> work.taskId(0) % 5 == residue);
        } else if (!model.isEmpty()) {
          Work best = model.get(0);
          for (Work each : model) {
            best = each.priority() > best.priority() ? each : best;
          }
          model.remove(best);
          assertThat(lines.peek()).as("seed %d, step %d", seed, step).isSameAs(best);
          assertThat(lines.remove()).isSameAs(best);
        }
        assertThat(lines.size()).isEqualTo(model.size());
        assertThat(lines.all()).containsExactlyInAnyOrderElementsOf(model);
        assertThat(lines.isVaried())
            .isEqualTo(model.stream().mapToInt(Work::priority).distinct().count() > 1);
      }
      ids();
    }
  }

  /** One who has submitted much waits no longer, and no shorter, than one who comes late with little. */
  @Test
  void remove_severalSubmitters_takeTurnsByTime() {
    for (int i = 0; i < 100; i++) {
      lines.add(workOf(i, "many", 1));
    }
    for (int i = 0; i < 3; i++) {
      run(1_000_000);
    }
    lines.add(workOf(100, "late", 1));
    lines.add(workOf(101, "late", 1));
    lines.add(work(102, 0));
    List<Long> next = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      next.add(run(1_000_000));
    }
    assertThat(next).contains(100L, 101L, 102L);
    assertThat(next.indexOf(100L)).isLessThan(next.indexOf(101L));
  }

  @Test
  void remove_weights_areSharesOfTheTime() {
    for (int i = 0; i < 1000; i++) {
      lines.add(workOf(2 * i, "three", 3));
      lines.add(workOf(2 * i + 1, "one", 1));
    }
    long[] time = new long[2];
    for (int i = 0; i < 400; i++) {
      // Those of one take ten times as long: it is the time that counts.
      boolean one = lines.peek().taskId(0) % 2 == 1;
      time[one ? 1 : 0] += one ? 10_000_000 : 1_000_000;
      run(one ? 10_000_000 : 1_000_000);
    }
    assertThat((double) time[0] / time[1]).isBetween(2.5, 3.5);
  }

  /** Who had nothing to do for a while has not saved up turns. */
  @Test
  void remove_submitterComesBack_beginsWhereTheOthersAre() {
    lines.add(workOf(0, "rare", 1));
    run(1_000_000);
    for (int i = 1; i < 200; i++) {
      lines.add(workOf(i, "busy", 1));
    }
    for (int i = 0; i < 99; i++) {
      run(1_000_000);
    }
    for (int i = 200; i < 300; i++) {
      lines.add(workOf(i, "rare", 1));
    }
    int rare = 0;
    for (int i = 0; i < 20; i++) {
      rare += run(1_000_000) >= 200 ? 1 : 0;
    }
    assertThat(rare).isBetween(9, 11);
  }

  @Test
  void account_manySubmitters_areForgotten() {
    for (int i = 0; i < 100_000; i++) {
      lines.add(workOf(i, "submitter " + i, 1));
      run(1000);
    }
    assertThat(shares.size()).isLessThan(1000);
  }

  private long run(long nanos) {
    Work work = lines.remove();
    shares.ended(work, shares.begun(work), nanos);
    return work.taskId(0);
  }
}
