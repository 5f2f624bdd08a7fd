// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.TaskOptions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class KeyOwnersTest {
  private final KeyOwners<String> owners = new KeyOwners<>();
  private List<String> workers = List.of("a", "b", "c");

  private String ownerOf(int key) {
    Work work = Works.work(key, TaskOptions.defaults().key("key " + key));
    String owner = owners.owner(work);
    return owner != null ? owner : owners.deal(work, workers, worker -> true);
  }

  /** A key stays where it is until its worker goes, and then only those of that worker move. */
  @Test
  void owner_workersComeAndGo_changesOnlyWhenItGoes() {
    Random random = new Random(7);
    Map<Integer, String> known = new HashMap<>();
    for (int step = 0; step < 20_000; step++) {
      if (step % 1000 == 999) {
        String gone = workers.get(random.nextInt(3));
        String fresh = "w" + step;
        workers =
            workers.stream().map(worker -> worker.equals(gone) ? fresh : worker).toList();
        owners.release(gone);
        known.values().removeIf(gone::equals);
        assertThat(owners.count(gone)).isZero();
      }
      int key = random.nextInt(300);
      String owner = ownerOf(key);
      assertThat(workers).contains(owner);
      assertThat(known.getOrDefault(key, owner)).isEqualTo(owner);
      known.put(key, owner);
    }
  }

  @Test
  void deal_fewOrManyKeys_areSpreadEvenly() {
    for (int key = 0; key < 6; key++) {
      ownerOf(key);
    }
    assertThat(workers).allSatisfy(worker -> assertThat(owners.count(worker)).isEqualTo(2));
    for (int key = 0; key < 100_000; key++) {
      ownerOf(key);
    }
    int all = workers.stream().mapToInt(owners::count).sum();
    assertThat(all).isEqualTo(TaskOptions.KEY_GROUPS);
    assertThat(workers)
        .allSatisfy(worker -> assertThat(owners.count(worker)).isBetween(all / 3, all / 3 + 1));
  }
}
