// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The memory of processes, where the system tells it. */
public final class ProcessMemory {
  private static final byte[] RSS = key("VmRSS:");
  private static final byte[] SIGNALS_OF_THREAD = key("SigPnd:");
  private static final byte[] SIGNALS = key("ShdPnd:");
  private static final int SIGKILL_DIGIT = 2; // from the right, of hexadecimal ones
  private static final int STATUS_BYTES = 4096;

  private ProcessMemory() {}

  /** Tells whether this system tells the memory of processes. */
  public static boolean isKnown() {
    return rssBytes(ProcessHandle.current().pid()) >= 0;
  }

  private static byte[] key(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Returns the resident memory of a process in bytes; -1 if it is not known, because it is gone or this is not Linux. */
  public static long rssBytes(long pid) {
    return look(pid).rssBytes();
  }

  /**
   * What is seen of a process.
   *
   * @param rssBytes its resident memory; -1 if it has none, because it is gone or about to be, or if this is not Linux
   * @param killed whether a SIGKILL is on its way to it
   */
  public record Seen(long rssBytes, boolean killed) {}

  /** Looks at a process. */
  public static Seen look(long pid) {
    byte[] status;
    try (FileInputStream in = new FileInputStream("/proc/" + pid + "/status")) {
      status = in.readNBytes(STATUS_BYTES);
    } catch (IOException gone) {
      return new Seen(-1, false);
    }
    int rss = after(RSS, status, 0);
    if (rss < 0) {
      return new Seen(-1, false);
    }
    return new Seen(
        kilobytes(status, rss) * 1024,
        hasSigkill(status, after(SIGNALS_OF_THREAD, status, rss))
            || hasSigkill(status, after(SIGNALS, status, rss)));
  }

  /** Returns where something ends in a text; -1 if it is not there. */
  private static int after(byte[] key, byte[] text, int from) {
    for (int at = from; at + key.length <= text.length; at++) {
      int same = 0;
      while (same < key.length && text[at + same] == key[same]) {
        same++;
      }
      if (same == key.length) {
        return at + key.length;
      }
    }
    return -1;
  }

  /** Tells whether signal 9 is in a mask that begins somewhere in a text. */
  private static boolean hasSigkill(byte[] text, int from) {
    if (from < 0) {
      return false;
    }
    int end = from;
    while (end < text.length && text[end] != '\n') {
      end++;
    }
    int digit = end - 1 - SIGKILL_DIGIT;
    return digit >= from && (Character.digit(text[digit], 16) & 1) != 0;
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
