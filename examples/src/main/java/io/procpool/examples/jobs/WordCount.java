// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.Serializable;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Counts the words of text files. Prints {@code count<TAB>word} in UTF-8, most frequent first, ties in the order of the
 * words' code points. A word is a run of letters or digits (of any script: Unicode code points), in lower case.
 *
 * <p><b>What is read.</b> Files and directories given as arguments; below a directory every regular file, except names
 * that start with a dot ({@code .git} and the like). A file or directory that is an argument itself is read whatever its name.
 * Symbolic links are followed as arguments only. Files are decoded as UTF-8; a byte that is not UTF-8 separates words. A
 * file with a NUL byte in its first 8000 bytes is no text (git has the same rule) and is skipped, which is said at the end.
 *
 * <p><b>How it is cut.</b> A file is cut into slices of {@value #SLICE_BYTES} bytes, one input each, so that one huge file
 * keeps all workers busy. A cut that falls into a word moves behind it.
 *
 * <p>{@link #process} is safe for use by multiple threads; the rest is for the one thread of the master.
 */
public final class WordCount implements Job<WordCount.Slice, WordCount.Counts> {
  private static final String USAGE = "wordcount FILE-OR-DIRECTORY...";
  static final int SLICE_BYTES = 4 << 20;
  private static final int HEAD_BYTES = 8000;
  private static final int NAMES_SHOWN = 5;

  private final int sliceBytes;
  private final Map<String, long[]> totals = new HashMap<>();
  private final List<String> skipped = new ArrayList<>();
  private long results;
  private long failures;

  /** Makes the job with slices of the documented size. */
  public WordCount() {
    this(SLICE_BYTES);
  }

  WordCount(int sliceBytes) {
    this.sliceBytes = sliceBytes;
  }

  /**
   * A part of a file, its ends not yet moved to the bounds of words.
   *
   * @param file where the file is
   * @param name the file as the user would write it
   * @param from offset of the first byte
   * @param to offset behind the last byte; {@link Long#MAX_VALUE} for the end of the file, wherever it is by then
   * @param problem why it cannot be read; null if all is well
   */
  public record Slice(
      URI file, String name, long from, long to, @Nullable String problem) implements Serializable {
    @Override
    public String toString() {
      return to == Long.MAX_VALUE && from == 0 ? name : name + " from byte " + from;
    }
  }

  /**
   * The words of a slice, in a form that is small and quick to encode.
   *
   * @param words the distinct words, each with a newline behind it
   * @param counts how often each occurs, in the same order
   * @param binary whether the file is no text and was skipped
   */
  public record Counts(String words, long[] counts, boolean binary) implements Serializable {}

  @Override
  public String name() {
    return "wordcount";
  }

  @Override
  public String description() {
    return "counts the words of text files, most frequent first: " + USAGE;
  }

  @Override
  public Iterable<Slice> inputs(JobContext context) {
    JobArguments arguments = new JobArguments(USAGE, context.arguments(), 1, Integer.MAX_VALUE);
    FileTree files = FileTree.of(arguments.all(), false);
    return () -> new Slices(files.iterator());
  }

  private final class Slices implements Iterator<Slice> {
    private final Iterator<FileTree.Entry> files;
    private FileTree.@Nullable Entry file;
    private long from;

    Slices(Iterator<FileTree.Entry> files) {
      this.files = files;
    }

    @Override
    public boolean hasNext() {
      return file != null || files.hasNext();
    }

    @Override
    public Slice next() {
      if (!hasNext()) {
        throw new NoSuchElementException("no further slice");
      }
      FileTree.Entry current = file != null ? file : files.next();
      boolean last = current.sizeBytes() - from <= sliceBytes;
      long to = last ? Long.MAX_VALUE : from + sliceBytes;
      Slice slice = new Slice(current.file(), current.text(), from, to, current.problem());
      file = last ? null : current;
      from = last ? 0 : to;
      return slice;
    }
  }

  @Override
  public Counts process(Slice slice) throws IOException {
    if (slice.problem() != null) {
      throw new IOException(slice.problem());
    }
    Map<String, long[]> counts = new HashMap<>();
    try (SeekableByteChannel channel = Files.newByteChannel(Path.of(slice.file()))) {
      if (isBinary(channel)) {
        return new Counts("", new long[0], true);
      }
      // A slice inside a run of letters that is longer than the slice is empty: the run belongs to
      // an earlier one.
      long from = wordBound(channel, slice.from(), slice.to());
      long to = wordBound(channel, slice.to(), Long.MAX_VALUE);
      count(new InputStreamReader(new Range(channel, from, to), StandardCharsets.UTF_8), counts);
    }
    StringBuilder words = new StringBuilder();
    long[] numbers = new long[counts.size()];
    int i = 0;
    for (Map.Entry<String, long[]> entry : counts.entrySet()) {
      words.append(entry.getKey()).append('\n');
      numbers[i++] = entry.getValue()[0];
    }
    return new Counts(words.toString(), numbers, false);
  }

  private static boolean isBinary(SeekableByteChannel channel) throws IOException {
    byte[] head = new Range(channel, 0, HEAD_BYTES).readAllBytes();
    for (byte b : head) {
      if (b == 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the first offset from the given one on, below the limit, whose byte is in no word; if there is none, {@link
   * Long#MAX_VALUE}.
   */
  private static long wordBound(SeekableByteChannel channel, long from, long limit)
      throws IOException {
    if (from == 0 || from == Long.MAX_VALUE) {
      return from;
    }
    InputStream in = new Range(channel, from, limit);
    byte[] buffer = new byte[256];
    long offset = from;
    for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
      for (int i = 0; i < read; i++, offset++) {
        if (buffer[i] >= 0 && !Character.isLetterOrDigit(buffer[i])) {
          return offset;
        }
      }
    }
    return Long.MAX_VALUE;
  }

  /** The bytes of a channel from one offset to another, or to the channel's end. */
  private static final class Range extends InputStream {
    private final SeekableByteChannel channel;
    private long left;

    Range(SeekableByteChannel channel, long from, long to) throws IOException {
      left = Math.max(0, to - from);
      this.channel = left > 0 ? channel.position(from) : channel;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      int wanted = (int) Math.min(length, left);
      int read = wanted == 0 ? -1 : channel.read(ByteBuffer.wrap(target, offset, wanted));
      left -= Math.max(0, read);
      return read;
    }
  }

  private static void count(Reader text, Map<String, long[]> counts) throws IOException {
    char[] buffer = new char[1 << 14];
    StringBuilder word = new StringBuilder();
    char high = 0;
    for (int read = text.read(buffer); read >= 0; read = text.read(buffer)) {
      for (int i = 0; i < read; i++) {
        char c = buffer[i];
        if (Character.isHighSurrogate(c)) {
          high = c;
          continue;
        }
        int codePoint = Character.isLowSurrogate(c) ? Character.toCodePoint(high, c) : c;
        if (Character.isLetterOrDigit(codePoint)) {
          word.appendCodePoint(codePoint);
        } else {
          add(word, counts);
        }
      }
    }
    add(word, counts);
  }

  private static void add(StringBuilder word, Map<String, long[]> counts) {
    if (word.length() > 0) {
      counts.computeIfAbsent(word.toString().toLowerCase(Locale.ROOT), w -> new long[1])[0]++;
      word.setLength(0);
    }
  }

  @Override
  public void onResult(Slice slice, Counts counts, JobContext context) {
    results++;
    if (counts.binary()) {
      if (slice.from() == 0) {
        skipped.add(slice.name());
      }
      return;
    }
    int start = 0;
    for (long count : counts.counts()) {
      int end = counts.words().indexOf('\n', start);
      totals.computeIfAbsent(counts.words().substring(start, end), w -> new long[1])[0] += count;
      start = end + 1;
    }
  }

  @Override
  public void onError(Slice slice, Throwable error, JobContext context) {
    failures++;
  }

  @Override
  public void finish(JobContext context) {
    List<Map.Entry<String, long[]>> sorted = new ArrayList<>(totals.entrySet());
    sorted.sort((a, b) -> {
      int byCount = Long.compare(b.getValue()[0], a.getValue()[0]);
      return byCount != 0 ? byCount : compareCodePoints(a.getKey(), b.getKey());
    });
    for (Map.Entry<String, long[]> entry : sorted) {
      byte[] line =
          (entry.getValue()[0] + "\t" + entry.getKey() + "\n").getBytes(StandardCharsets.UTF_8);
      context.out().write(line, 0, line.length);
    }
    remark(context);
  }

  private void remark(JobContext context) {
    if (results + failures == 0) {
      context
          .err()
          .println(
              "wordcount: no file found (names that start with a dot are left out below a directory)");
    }
    if (!skipped.isEmpty()) {
      int shown = Math.min(NAMES_SHOWN, skipped.size());
      String more = skipped.size() > shown ? " and " + (skipped.size() - shown) + " more" : "";
      context
          .err()
          .println("wordcount: skipped as no text (NUL bytes): "
              + String.join(", ", skipped.subList(0, shown)) + more);
    }
    if (failures > 0) {
      context
          .err()
          .println("wordcount: the counts leave out what failed: " + failures + " of "
              + (results + failures) + " inputs");
    }
  }

  /** Compares as UTF-8 bytes would: String's own order has letters beyond U+FFFF before some below. */
  static int compareCodePoints(String a, String b) {
    int length = Math.min(a.length(), b.length());
    for (int i = 0; i < length; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        boolean pairs = Character.isSurrogate(x) == Character.isSurrogate(y);
        return pairs ? Character.compare(x, y) : Character.isSurrogate(x) ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}
