// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;

/**
 * What a process is told that becomes a child; its task follows.
 *
 * @param depth how deep it lies below the root
 * @param memoryBytes what it and the processes below it may take of the memory; zero: nobody has said
 */
public record ChildLaunch(
    String name,
    boolean daemon,
    long graceNanos,
    String memoryPath,
    long parentPid,
    String parentName,
    int depth,
    long memoryBytes)
    implements WireMessage {
  @Override
  public void writeTo(FieldWriter out) {
    out.string(1, name);
    out.bool(2, daemon);
    out.uint(3, graceNanos);
    out.string(4, memoryPath);
    out.uint(5, parentPid);
    out.string(6, parentName);
    out.uint(7, depth);
    out.uint(8, memoryBytes);
  }

  /** Reads a launch message. */
  public static ChildLaunch read(byte[] bytes) throws IOException {
    String name = "";
    boolean daemon = false;
    long graceNanos = 0;
    String memoryPath = "";
    long parentPid = 0;
    String parentName = "";
    int depth = 0;
    long memoryBytes = 0;
    FieldReader in = new FieldReader(bytes, 0, bytes.length);
    for (int field = in.next(); field != 0; field = in.next()) {
      switch (field) {
        case 1:
          name = in.string();
          break;
        case 2:
          daemon = in.bool();
          break;
        case 3:
          graceNanos = in.uint64();
          break;
        case 4:
          memoryPath = in.string();
          break;
        case 5:
          parentPid = in.uint64();
          break;
        case 6:
          parentName = in.string();
          break;
        case 7:
          depth = in.uint32();
          break;
        case 8:
          memoryBytes = in.uint64();
          break;
        default:
          in.skip();
      }
    }
    return new ChildLaunch(
        name, daemon, graceNanos, memoryPath, parentPid, parentName, depth, memoryBytes);
  }
}
