// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The memory of processes, where the system tells it. */
public final class ProcessMemory {
  private static final byte[] KEY = "VmRSS:".getBytes(StandardCharsets.US_ASCII);
  private static final int STATUS_BYTES = 4096;

  private ProcessMemory() {}

  /** Tells whether this system tells the memory of processes. */
  public static boolean isKnown() {
    return rssBytes(ProcessHandle.current().pid()) >= 0;
  }

  /** Returns the resident memory of a process in bytes; -1 if it is not known, because it is gone or this is not Linux. */
  public static long rssBytes(long pid) {
    byte[] status;
    try (FileInputStream in = new FileInputStream("/proc/" + pid + "/status")) {
      status = in.readNBytes(STATUS_BYTES);
    } catch (IOException gone) {
      return -1;
    }
    for (int at = 0; at + KEY.length < status.length; at++) {
      int same = 0;
      while (same < KEY.length && status[at + same] == KEY[same]) {
        same++;
      }
      if (same == KEY.length) {
        return kilobytes(status, at + KEY.length) * 1024;
      }
    }
    return -1;
  }

  private static long kilobytes(byte[] text, int from) {
    long value = 0;
    for (int i = from; i < text.length && text[i] != '\n'; i++) {
      if (text[i] >= '0' && text[i] <= '9') {
        value = value * 10 + text[i] - '0';
      }
    }
    return value;
  }
}
