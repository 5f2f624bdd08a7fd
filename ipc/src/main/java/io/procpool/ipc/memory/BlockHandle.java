// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import java.io.InvalidObjectException;
import java.io.ObjectStreamException;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The name of a block of the session. Immutable. */
final class BlockHandle implements BlockName {
  /*
   * Not a record: to read the first one from a stream, a JVM makes up classes for 20 ms, and this is what children and workers begin with.
   */
  private static final long serialVersionUID = 1;
  private static final String ARENA = "arena-";
  private static final String FILE = "block-";
  private static final int RANDOM_DIGITS = 16;

  private final String session;
  private final String file;
  private final int cell;
  private final long generation;
  private final String kind;
  private final long bytes;

  /**
   * Names a block.
   *
   * @param session name of the session's directory
   * @param file name of the file in it
   * @param cell its first cell in an arena; -1 if it has a file of its own
   * @param generation which of the blocks that have been there
   * @param kind what it holds
   * @param bytes size without header
   * @throws IllegalArgumentException if no block can have such a name
   */
  BlockHandle(String session, String file, int cell, long generation, String kind, long bytes) {
    this.session = session;
    this.file = file;
    this.cell = cell;
    this.generation = generation;
    this.kind = kind;
    this.bytes = bytes;
    check();
  }

  private void check() {
    boolean plausible = cell == -1
        ? isName(FILE, file)
        : cell >= 0 && cell < BlockLayout.CELL_COUNT && isArena(file);
    if (!plausible || session == null || kind == null || bytes < 0) {
      throw new IllegalArgumentException(
          "no name of shared memory: " + file + ", cell " + cell + ", " + bytes + " bytes");
    }
  }

  /** Names the file of a block of its own. */
  static BlockHandle ofFile(String session, String kind, long bytes) {
    return new BlockHandle(session, FILE + random(), -1, Random.SOURCE.nextLong(), kind, bytes);
  }

  static String newArena() {
    return ARENA + random();
  }

  static boolean isArena(String name) {
    return isName(ARENA, name);
  }

  private static boolean isName(String prefix, String name) {
    if (name == null
        || !name.startsWith(prefix)
        || name.length() != prefix.length() + RANDOM_DIGITS) {
      return false;
    }
    for (int i = prefix.length(); i < name.length(); i++) {
      if ("0123456789abcdef".indexOf(name.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  private static String random() {
    return HexFormat.of().toHexDigits(Random.SOURCE.nextLong());
  }

  /** Loaded by who makes memory, not by who is sent some. */
  private static final class Random {
    static final SecureRandom SOURCE = new SecureRandom();
  }

  String session() {
    return session;
  }

  String file() {
    return file;
  }

  int cell() {
    return cell;
  }

  @Override
  public long generation() {
    return generation;
  }

  @Override
  public String kind() {
    return kind;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public String describe() {
    return "the " + kind + " of " + bytes + " bytes";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BlockHandle that
        && generation == that.generation
        && cell == that.cell
        && bytes == that.bytes
        && file.equals(that.file)
        && session.equals(that.session)
        && kind.equals(that.kind);
  }

  @Override
  public int hashCode() {
    return 31 * file.hashCode() + Long.hashCode(generation);
  }

  private Object readResolve() throws ObjectStreamException {
    try {
      check();
      return Session.current().attach(this);
    } catch (IllegalArgumentException | IllegalStateException e) {
      InvalidObjectException failure = new InvalidObjectException(e.getMessage());
      failure.initCause(e);
      throw failure;
    }
  }
}
