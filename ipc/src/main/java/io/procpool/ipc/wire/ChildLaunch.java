// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

import java.io.IOException;

/** What a process is told that becomes a child; its task follows. */
public record ChildLaunch(
    String name,
    boolean daemon,
    long graceNanos,
    String memoryPath,
    long parentPid,
    String parentName)
    implements WireMessage {
  @Override
  public void writeTo(FieldWriter out) {
    out.string(1, name);
    out.bool(2, daemon);
    out.uint(3, graceNanos);
    out.string(4, memoryPath);
    out.uint(5, parentPid);
    out.string(6, parentName);
  }

  /** Reads a launch message. */
  public static ChildLaunch read(byte[] bytes) throws IOException {
    String name = "";
    boolean daemon = false;
    long graceNanos = 0;
    String memoryPath = "";
    long parentPid = 0;
    String parentName = "";
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
        default:
          in.skip();
      }
    }
    return new ChildLaunch(name, daemon, graceNanos, memoryPath, parentPid, parentName);
  }
}
