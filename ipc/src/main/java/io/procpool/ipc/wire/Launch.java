// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;

/**
 * What the master writes to the standard input of a worker it has spawned.
 *
 * @param key the secret of this worker; not copied
 * @param depth how deep it lies below the root
 * @param memoryBytes what it and the processes below it may take of the memory; zero: nobody has said
 * @param spare whether it has time to load what it may need
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares launches
public record Launch(
    byte[] key,
    int worker,
    String workerName,
    String socketPath,
    String segmentPath,
    String sessionPath,
    String memoryPath,
    String poolName,
    long parentPid,
    String parentName,
    int depth,
    long memoryBytes,
    boolean spare)
    implements WireMessage {
  @Override
  public void writeTo(FieldWriter out) {
    out.bytes(1, key);
    out.uint(2, Integer.toUnsignedLong(worker));
    out.string(3, workerName);
    out.string(4, socketPath);
    out.string(5, segmentPath);
    out.string(6, sessionPath);
    out.string(7, memoryPath);
    out.string(8, poolName);
    out.uint(9, parentPid);
    out.string(10, parentName);
    out.uint(12, depth);
    out.uint(13, memoryBytes);
    out.bool(14, spare);
  }

  /** Reads a launch message. */
  public static Launch read(byte[] bytes) throws IOException {
    byte[] key = new byte[0];
    int worker = 0;
    String workerName = "";
    String socketPath = "";
    String segmentPath = "";
    String sessionPath = "";
    String memoryPath = "";
    String poolName = "";
    long parentPid = 0;
    String parentName = "";
    int depth = 0;
    long memoryBytes = 0;
    boolean spare = false;
    FieldReader in = new FieldReader(bytes, 0, bytes.length);
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          key = in.bytes();
          break;
        case 2:
          worker = in.uint32();
          break;
        case 3:
          workerName = in.string();
          break;
        case 4:
          socketPath = in.string();
          break;
        case 5:
          segmentPath = in.string();
          break;
        case 6:
          sessionPath = in.string();
          break;
        case 7:
          memoryPath = in.string();
          break;
        case 8:
          poolName = in.string();
          break;
        case 9:
          parentPid = in.uint64();
          break;
        case 10:
          parentName = in.string();
          break;
        case 12:
          depth = in.uint32();
          break;
        case 13:
          memoryBytes = in.uint64();
          break;
        case 14:
          spare = in.bool();
          break;
        default:
          in.skip();
      }
    }
    return new Launch(
        key,
        worker,
        workerName,
        socketPath,
        segmentPath,
        sessionPath,
        memoryPath,
        poolName,
        parentPid,
        parentName,
        depth,
        memoryBytes,
        spare);
  }
}
