// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import com.sun.management.GarbageCollectorMXBean;
import com.sun.management.GcInfo;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Measures what collections leave in the heap. Loads the JDK's management, so only for who asks for it. Not safe for use by multiple threads. */
final class HeapMeter {
  private final List<GarbageCollectorMXBean> collectors = new ArrayList<>();
  private final Set<String> heapPools = new HashSet<>();
  private long seen;

  HeapMeter() {
    collectors.addAll(ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class));
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      if (pool.getType() == MemoryType.HEAP) {
        heapPools.add(pool.getName());
      }
    }
  }

  /** Returns what the last collection left in the heap, in bytes; -1 if there was none since the last call. */
  long bytesAfterNewGc() {
    long count = 0;
    for (GarbageCollectorMXBean collector : collectors) {
      count += collector.getCollectionCount();
    }
    if (count == seen) {
      return -1;
    }
    seen = count;
    GcInfo last = null;
    for (GarbageCollectorMXBean collector : collectors) {
      GcInfo info = collector.getLastGcInfo();
      if (info != null && (last == null || info.getEndTime() >= last.getEndTime())) {
        last = info;
      }
    }
    long bytes = 0;
    if (last != null) {
      for (Map.Entry<String, MemoryUsage> pool : last.getMemoryUsageAfterGc().entrySet()) {
        bytes += heapPools.contains(pool.getKey()) ? pool.getValue().getUsed() : 0;
      }
    }
    return bytes;
  }
}
