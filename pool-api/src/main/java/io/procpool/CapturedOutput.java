// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.nio.charset.Charset;

/** The last of what a child has written to a stream, at one moment. Immutable; safe for use by multiple threads. */
public final class CapturedOutput {
  private final byte[] bytes;
  private final long droppedBytes;

  /**
   * Describes an output.
   *
   * @param bytes what is there; copied
   * @param droppedBytes how many bytes came before and are not kept
   */
  public CapturedOutput(byte[] bytes, long droppedBytes) {
    this.bytes = bytes.clone();
    this.droppedBytes = droppedBytes;
  }

  /** Returns a copy of the bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** Returns how many bytes came before these and were dropped. */
  public long droppedBytes() {
    return droppedBytes;
  }

  /** Returns the text in the default character set. If something was dropped it may begin within a character. */
  public String text() {
    return text(Charset.defaultCharset());
  }

  /** Returns the text in a character set. If something was dropped it may begin within a character. */
  public String text(Charset charset) {
    return new String(bytes, charset);
  }

  @Override
  public String toString() {
    return "CapturedOutput[" + bytes.length + " bytes, " + droppedBytes + " dropped]";
  }
}
