// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a stream, read as they are asked for: text, or the bytes of a line that is not UTF-8. Lines end with LF or
 * CR LF; a byte order mark at the beginning is left out. Not safe for use by multiple threads.
 */
final class LineInput implements Iterator<Object> {
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;
  private byte[] line = new byte[256];
  private @Nullable Object next;
  private boolean ended;
  private boolean begun;

  LineInput(InputStream in) {
    this.in = in;
  }

  @Override
  public boolean hasNext() {
    if (next == null && !ended) {
      try {
        next = read();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      ended = next == null;
    }
    return next != null;
  }

  @Override
  public Object next() {
    hasNext();
    Object result = next;
    if (result == null) {
      throw new NoSuchElementException("no further line");
    }
    next = null;
    return result;
  }

  private @Nullable Object read() throws IOException {
    int length = 0;
    while (true) {
      if (position == limit) {
        position = 0;
        limit = Math.max(0, in.read(buffer));
        if (limit == 0) {
          return length == 0 ? null : decoded(length);
        }
      }
      int end = position;
      while (end < limit && buffer[end] != '\n') {
        end++;
      }
      int count = end - position;
      if (length + count > line.length) {
        line = Arrays.copyOf(line, Math.max(length + count, line.length * 2));
      }
      System.arraycopy(buffer, position, line, length, count);
      length += count;
      position = end;
      if (end < limit) {
        position++;
        return decoded(length);
      }
    }
  }

  private Object decoded(int length) {
    int from = !begun && startsWithMark(length) ? 3 : 0;
    begun = true;
    int to = length > from && line[length - 1] == '\r' ? length - 1 : length;
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(line, from, to - from))
          .toString();
    } catch (CharacterCodingException e) {
      return Arrays.copyOfRange(line, from, to);
    }
  }

  private boolean startsWithMark(int length) {
    return length >= 3
        && line[0] == (byte) 0xef
        && line[1] == (byte) 0xbb
        && line[2] == (byte) 0xbf;
  }
}
