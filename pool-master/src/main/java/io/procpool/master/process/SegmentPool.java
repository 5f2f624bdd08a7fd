// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.WorkerSegment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;

/** The mapped segments of a pool; a dead worker's is used again, so their number stays bounded. Event loop only. */
final class SegmentPool {
  private final Path directory;
  private final ArrayDeque<Lease> free = new ArrayDeque<>();
  private int created;

  /** A segment in use by one worker. */
  static final class Lease {
    private final Path path;
    private final WorkerSegment segment;
    private int nextSeq;

    Lease(Path path, WorkerSegment segment) {
      this.path = path;
      this.segment = segment;
    }

    Path path() {
      return path;
    }

    WorkerSegment segment() {
      return segment;
    }

    /** Numbers go on when the segment changes hands, so that a late look at a former unit finds nothing. */
    int nextSeq() {
      int seq = nextSeq;
      nextSeq = (nextSeq + 1) % WorkerSegment.SEQ_COUNT;
      return seq;
    }
  }

  SegmentPool(Path directory) {
    this.directory = directory;
  }

  Lease take() throws IOException {
    Lease lease = free.poll();
    if (lease == null) {
      Path path = directory.resolve("segment-" + ++created);
      return new Lease(path, WorkerSegment.create(path));
    }
    lease.segment.reset();
    return lease;
  }

  /** Takes a segment back; its worker's process must be gone. */
  void giveBack(Lease lease) {
    free.add(lease);
  }
}
