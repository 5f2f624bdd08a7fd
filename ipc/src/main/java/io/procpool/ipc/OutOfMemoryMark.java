// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.File;

/**
 * The file in a session that a JVM has written when its first OutOfMemoryError was thrown, before any code could catch it: the JVM runs a command then, and goes on when that has ended. Only
 * exhausted heap and metaspace count; that of direct memory and of threads is thrown without. Safe for use by multiple threads.
 */
public final class OutOfMemoryMark {
  private static final String PREFIX = "out-of-memory-";

  private final File file;

  private OutOfMemoryMark(File file) {
    this.file = file;
  }

  /** Returns the mark of a process of a session. */
  public static OutOfMemoryMark of(String sessionPath, long pid) {
    return new OutOfMemoryMark(new File(sessionPath, PREFIX + pid));
  }

  /** Returns the command that sets the mark of a JVM which replaces {@code %p} by its process id; empty if there is none, because of unusual characters in the path. */
  public static String command(String sessionPath) {
    for (int i = 0; i < sessionPath.length(); i++) {
      char c = sessionPath.charAt(i);
      if (!Character.isLetterOrDigit(c) && "/._-".indexOf(c) < 0) {
        return "";
      }
    }
    return ": >" + sessionPath + "/" + PREFIX + "%p";
  }

  /** Tells whether the mark has been set. */
  public boolean isSet() {
    return file.exists();
  }

  /** Removes the mark. */
  public void remove() {
    file.delete();
  }
}
