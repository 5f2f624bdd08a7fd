// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The pools that the tests of a class use one after the other, one for each number of workers, because starting processes is
 * most of what such a test would do. In the long form each test has its own.
 */
final class KeptPools implements AutoCloseable {
  private final Map<Integer, Pool> pools = new LinkedHashMap<>();
  private int number;

  /** Returns those of the outermost class of a test; they are closed at its end. */
  static KeptPools of(ExtensionContext test) {
    ExtensionContext outermost = test;
    for (ExtensionContext each = test; each != null; each = each.getParent().orElse(null)) {
      outermost = each.getTestClass().isPresent() ? each : outermost;
    }
    return outermost
        .getStore(ExtensionContext.Namespace.create(KeptPools.class))
        .computeIfAbsent(KeptPools.class, none -> new KeptPools(), KeptPools.class);
  }

  /** Returns a pool that works and has nothing to do. */
  Pool take(String backend, int workers) {
    Pool known = pools.get(workers);
    if (known != null && !known.isShutdown() && !LongForm.isOn()) {
      return known;
    }
    if (known != null) {
      known.close();
    }
    Pool opened = Pool.open(PoolOptions.builder()
        .backend(backend)
        .workers(workers)
        .name("kept-" + ++number)
        .build());
    pools.put(workers, opened);
    return opened;
  }

  /** Returns the process ids of the workers of those that are open. */
  Set<Long> workers() {
    Set<Long> pids = new HashSet<>();
    for (Pool pool : pools.values()) {
      if (!pool.isShutdown()) {
        pool.snapshot().workers().forEach(worker -> pids.add(worker.pid()));
      }
    }
    return pids;
  }

  @Override
  public void close() {
    List<Pool> all = new ArrayList<>(pools.values());
    pools.clear();
    all.forEach(Pool::close);
  }
}
