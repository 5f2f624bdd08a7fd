// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.ObjectInputFilter;
import java.security.Security;
import org.jspecify.annotations.Nullable;

/**
 * What one stream of serialized objects may contain: limits in proportion to its bytes, then the filter of the process
 * ({@code jdk.serialFilter}), then the filter of the caller. Either of the two filters can refuse; a class that both leave
 * undecided is allowed. Counts what it sees, so it serves one stream only.
 */
final class PayloadFilter implements ObjectInputFilter {
  /*
   * A serialized array takes at least one byte per element. The hash tables of the JDK allocate more than they have
   * elements, at most four for each byte of theirs. So the sum of all arrays of an honest stream stays below four times its
   * bytes, and a stream that announces more is refused before anything is allocated.
   */
  private static final int ARRAY_ELEMENTS_PER_BYTE = 4;
  private static final int ARRAY_ELEMENTS_FREE = 1024;
  private static final int DEPTH_LIMIT = 10_000;

  private static volatile boolean noProcessFilter;

  private final long totalBytes;
  private final @Nullable ObjectInputFilter process;
  private final @Nullable ObjectInputFilter caller;
  private long arrayElements;

  PayloadFilter(
      long totalBytes, @Nullable ObjectInputFilter process, @Nullable ObjectInputFilter caller) {
    this.totalBytes = totalBytes;
    this.process = process;
    this.caller = caller;
  }

  @Override
  public Status checkInput(FilterInfo info) {
    if (info.arrayLength() > 0) {
      arrayElements += info.arrayLength();
    }
    if (arrayElements > totalBytes * ARRAY_ELEMENTS_PER_BYTE + ARRAY_ELEMENTS_FREE
        || info.references() > totalBytes
        || info.depth() > DEPTH_LIMIT) {
      return Status.REJECTED;
    }
    Status byProcess = process == null ? Status.UNDECIDED : process.checkInput(info);
    if (byProcess == Status.REJECTED) {
      return byProcess;
    }
    Status byCaller = caller == null ? Status.UNDECIDED : caller.checkInput(info);
    return byCaller == Status.UNDECIDED ? byProcess : byCaller;
  }

  /** See {@link ValueCodec#expectFilterByProperty}. */
  static void expectFilterByProperty() {
    noProcessFilter = System.getProperty("jdk.serialFilter") == null
        && System.getProperty("jdk.serialFilterFactory") == null
        && Security.getProperty("jdk.serialFilter") == null
        && Security.getProperty("jdk.serialFilterFactory") == null;
  }

  /** Checks a class that is named outside a stream of the JDK, by the filters that a stream would be under. */
  static void checkClass(Class<?> type, @Nullable ObjectInputFilter caller)
      throws UndecodableValueException {
    ObjectInputFilter process = noProcessFilter ? null : ObjectInputFilter.Config.getSerialFilter();
    if (process == null && caller == null) {
      return;
    }
    PayloadFilter filter = new PayloadFilter(1, process, caller);
    if (filter.checkInput(new SingleClass(type)) == Status.REJECTED) {
      throw new UndecodableValueException(
          "class " + type.getName() + " is refused by the deserialization filter",
          new java.io.InvalidClassException(type.getName(), "filter status: REJECTED"));
    }
  }

  private record SingleClass(Class<?> serialClass) implements FilterInfo {
    @Override
    public long arrayLength() {
      return -1;
    }

    @Override
    public long depth() {
      return 1;
    }

    @Override
    public long references() {
      return 1;
    }

    @Override
    public long streamBytes() {
      return 0;
    }
  }
}
