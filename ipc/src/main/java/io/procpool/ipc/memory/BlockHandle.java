// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import java.io.InvalidObjectException;
import java.io.ObjectStreamException;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The name of a block of the session.
 *
 * @param session name of the session's directory
 * @param file name of the file in it
 * @param cell its first cell in an arena; -1 if it has a file of its own
 * @param generation which of the blocks that have been there
 * @param kind what it holds
 * @param bytes size without header
 */
record BlockHandle(String session, String file, int cell, long generation, String kind, long bytes)
    implements BlockName {
  private static final String ARENA = "arena-";
  private static final String FILE = "block-";
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Checks what may have come from elsewhere. */
  BlockHandle {
    boolean plausible = cell == -1
        ? isName(FILE, file)
        : cell >= 0 && cell < BlockLayout.CELL_COUNT && isArena(file);
    if (!plausible || bytes < 0) {
      throw new IllegalArgumentException(
          "no name of shared memory: " + file + ", cell " + cell + ", " + bytes + " bytes");
    }
  }

  /** Names the file of a block of its own. */
  static BlockHandle ofFile(String session, String kind, long bytes) {
    return new BlockHandle(session, FILE + random(), -1, RANDOM.nextLong(), kind, bytes);
  }

  static String newArena() {
    return ARENA + random();
  }

  static boolean isArena(String name) {
    return isName(ARENA, name);
  }

  private static boolean isName(String prefix, String name) {
    return name.startsWith(prefix) && name.substring(prefix.length()).matches("[0-9a-f]{16}");
  }

  private static String random() {
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  @Override
  public String describe() {
    return "the " + kind + " of " + bytes + " bytes";
  }

  private Object readResolve() throws ObjectStreamException {
    try {
      return Session.current().attach(this);
    } catch (IllegalStateException e) {
      InvalidObjectException failure = new InvalidObjectException(e.getMessage());
      failure.initCause(e);
      throw failure;
    }
  }
}
