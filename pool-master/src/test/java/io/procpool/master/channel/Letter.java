// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import java.nio.ByteBuffer;
import java.util.Random;

/**
 * A message of bytes that tells from whom it is, which one, and whether it is whole.
 *
 * @param sender number of who sent it
 * @param number which of the sender's it is, from 0
 * @param bytes its length
 */
record Letter(int sender, int number, int bytes) {
  private static final int HEAD_BYTES = 8;

  /** Returns one of some length between 8 bytes and the given one, mostly short. */
  static byte[] write(int sender, int number, int maxBytes) {
    Random random = new Random(31L * sender + number);
    int most = random.nextInt(20) == 0 ? maxBytes : Math.min(maxBytes, 200);
    byte[] bytes = new byte[HEAD_BYTES + random.nextInt(most - HEAD_BYTES + 1)];
    random.nextBytes(bytes);
    ByteBuffer.wrap(bytes).putInt(sender).putInt(number);
    return bytes;
  }

  /** Reads one; fails if it is not as it was written. */
  static Letter read(byte[] bytes, int maxBytes) {
    if (bytes.length < HEAD_BYTES) {
      throw new AssertionError("a message of " + bytes.length + " bytes was never sent");
    }
    ByteBuffer head = ByteBuffer.wrap(bytes);
    Letter letter = new Letter(head.getInt(), head.getInt(), bytes.length);
    if (!java.util.Arrays.equals(bytes, write(letter.sender, letter.number, maxBytes))) {
      throw new AssertionError(letter + " was torn");
    }
    return letter;
  }
}
