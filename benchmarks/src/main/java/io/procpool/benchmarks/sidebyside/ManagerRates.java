// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.manager.AsyncMap;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.Manager;
import io.procpool.sync.ProcessBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** How much a manager's server gets done. */
final class ManagerRates {
  private static final int KEYS = 1000;
  private static final int WARM_UP_GETS = 20_000; // a JVM that is still compiling would be measured

  private ManagerRates() {}

  /** Puts that nobody waits for one by one: {@code rate}, in operations a second. */
  static Map<String, Double> puts(Effort effort) throws Exception {
    try (Manager manager = Manager.start()) {
      ManagedMap<Integer, Integer> map = manager.dict();
      AsyncMap<Integer, Integer> async = map.async();
      int count = effort.choose(1_000_000, 100);
      double rate = 0;
      for (int repetition = 0; repetition < effort.choose(5, 1); repetition++) {
        List<CompletableFuture<Integer>> puts = new ArrayList<>(count);
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
          puts.add(async.put(i % KEYS, i));
        }
        CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new)).join();
        rate = Math.max(rate, count / ((System.nanoTime() - start) / 1e9));
        Checks.equal(Objects.requireNonNull(map.get((count - 1) % KEYS)), count - 1);
      }
      return Map.of("rate", rate);
    }
  }

  /** Gets by so many warm processes at once, each waiting for one after the other: {@code 1} to {@code 64}, operations a second of all together. */
  static Map<String, Double> clients(Effort effort) throws Exception {
    Map<String, Double> rates = new TreeMap<>();
    try (Manager manager = Manager.start()) {
      ManagedMap<String, Integer> map = manager.dict();
      map.put("key", 1);
      for (int clients : new int[] {1, 4, 16, 64}) {
        if (clients == 1 || effort.choose(64, 1) >= clients) {
          rates.put(Integer.toString(clients), rate(effort, map, clients));
        }
      }
    }
    return rates;
  }

  private static double rate(Effort effort, ManagedMap<String, Integer> map, int clients)
      throws Exception {
    int warmUp = effort.choose(WARM_UP_GETS, 10);
    int each = effort.choose(128_000, 100) / clients;
    List<ChildProcess> children = new ArrayList<>();
    try (ProcessBarrier meeting = ProcessBarrier.create(clients + 1)) {
      ChildOptions options = ChildOptions.builder().name("client").build();
      for (int i = 0; i < clients; i++) {
        children.add(ChildProcess.start(options, () -> {
          for (int warm = 0; warm < warmUp; warm++) {
            Checks.equal(Objects.requireNonNull(map.get("key")), 1);
          }
          meeting.await();
          for (int get = 0; get < each; get++) {
            Checks.equal(Objects.requireNonNull(map.get("key")), 1);
          }
          meeting.await();
        }));
      }
      meeting.await();
      long start = System.nanoTime();
      meeting.await();
      double seconds = (System.nanoTime() - start) / 1e9;
      for (ChildProcess child : children) {
        child.join();
      }
      return each * clients / seconds;
    }
  }
}
