// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** Output by lines: tagged, logged, appended to a file. */
final class LinesTest {
  @TempDir
  Path directory;

  private static byte[] tagged(byte[] bytes, Random pieces) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    LineTagger tagger = new LineTagger("me", OutputSink.to(new PrintStream(out, false)));
    int at = 0;
    while (at < bytes.length) {
      int length = Math.min(bytes.length - at, 1 + pieces.nextInt(10_000));
      byte[] piece = Arrays.copyOfRange(bytes, at, at + length);
      tagger.write(piece, length);
      at += length;
    }
    tagger.end();
    return out.toByteArray();
  }

  @Test
  void tagger_linesInPieces_areWholeAndTagged() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    LineTagger tagger = new LineTagger("me", OutputSink.to(new PrintStream(out, false)));
    for (String piece : new String[] {"one\ntw", "o\n\nthr", "ee"}) {
      byte[] bytes = piece.getBytes(UTF_8);
      tagger.write(bytes, bytes.length);
    }
    assertThat(out.toString(UTF_8)).isEqualTo("[me] one\n[me] two\n[me] \n");
    tagger.end();
    assertThat(out.toString(UTF_8)).endsWith("[me] three\n");
  }

  @Test
  void tagger_endlessLine_isBrokenAndMarked() {
    byte[] much = new byte[200_000];
    Arrays.fill(much, (byte) 'x');
    String text = new String(tagged(much, new Random(1)), UTF_8);
    assertThat(text.lines()).hasSize(4);
    assertThat(text.lines().findFirst())
        .hasValueSatisfying(line -> assertThat(line).startsWith("[me] x"));
    assertThat(text.lines().skip(1)).allMatch(line -> line.startsWith("[me +] x"));
    assertThat(text.chars().filter(c -> c == 'x')).hasSize(much.length);
  }

  /** Characters of two to four bytes are whole in every piece, wherever buffers and the limit fall. */
  @Test
  void tagger_longCharacters_areNeverBroken() {
    for (String character : new String[] {"é", "€", "😀"}) {
      for (int shift = 0; shift < 4; shift++) {
        String line = "a".repeat(shift) + character.repeat(50_000);
        String text = new String(tagged(line.getBytes(UTF_8), new Random(shift)), UTF_8);
        assertThat(text).doesNotContain("\ufffd");
        assertThat(text.replaceAll("\\[me( \\+)?] |\n", "")).isEqualTo(line);
      }
    }
  }

  /** Any bytes come out as they went in, but for tags, and ends of lines where there was none. */
  @Test
  void tagger_anyBytes_areKept() {
    Random random = new Random(4711);
    for (int round = 0; round < 50; round++) {
      byte[] bytes = new byte[random.nextInt(300_000)];
      random.nextBytes(bytes);
      for (int i = 0; i < bytes.length; i++) {
        if (bytes[i] == '[' || bytes[i] == '\n' && random.nextInt(100) > 0) {
          bytes[i] = (byte) 0x80; // long lines, and no tags of their own
        }
      }
      String out = new String(tagged(bytes, random), ISO_8859_1);
      String untagged = out.replace("\n[me +] ", "").replace("[me] ", "");
      String expected = new String(bytes, ISO_8859_1);
      assertThat(untagged.stripTrailing()).isEqualTo(expected.stripTrailing());
    }
  }

  @Test
  void logger_lines_areMessagesWithContext() {
    Logger logger = (Logger) LoggerFactory.getLogger("lines-test");
    logger.setLevel(ch.qos.logback.classic.Level.INFO);
    logger.setAdditive(false);
    ListAppender<ILoggingEvent> list = new ListAppender<>() {
      @Override
      protected void append(ILoggingEvent event) {
        event.prepareForDeferredProcessing();
        super.append(event);
      }
    };
    list.start();
    logger.addAppender(list);
    LineLogger lines = new LineLogger(logger, Level.INFO, Map.of("procpool.worker", "worker-1"));
    byte[] bytes = "a {} brace\r\nlast".getBytes(UTF_8);
    lines.write(bytes, bytes.length);
    lines.end();
    LineLogger silent = new LineLogger(logger, Level.DEBUG, Map.of());
    silent.write(bytes, bytes.length);
    silent.end();
    logger.detachAppender(list);
    assertThat(list.list).hasSize(2).allSatisfy(event -> {
      assertThat(event.getMDCPropertyMap()).containsEntry("procpool.worker", "worker-1");
      assertThat(event.getLevel()).isEqualTo(ch.qos.logback.classic.Level.INFO);
    });
    assertThat(list.list.get(0).getFormattedMessage()).isEqualTo("a {} brace");
    assertThat(list.list.get(1).getFormattedMessage()).isEqualTo("last");
    assertThat(MDC.get("procpool.worker")).isNull();
  }

  /** A file that takes nothing for a while says how much is missing. */
  @Test
  void file_fullForAWhile_saysWhatIsMissing() {
    ByteArrayOutputStream disk = new ByteArrayOutputStream();
    boolean[] full = new boolean[1];
    OutputFile file = new OutputFile("disk", new OutputStream() {
      @Override
      public void write(int b) {
        throw new UnsupportedOperationException();
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        if (full[0]) {
          throw new IOException("No space left on device");
        }
        disk.write(bytes, offset, length);
      }
    });
    file.write("one\n".getBytes(UTF_8), 4);
    full[0] = true;
    file.write("two\n".getBytes(UTF_8), 4);
    file.write("three\n".getBytes(UTF_8), 6);
    full[0] = false;
    file.write("four\n".getBytes(UTF_8), 5);
    file.close();
    file.write("late\n".getBytes(UTF_8), 5);
    assertThat(disk.toString(UTF_8))
        .isEqualTo(
            "one\n\n[procpool] up to 10 bytes of output are missing here: No space left on device\nfour\n");
  }

  @Test
  void file_thatExists_isAppendedTo() throws Exception {
    Path path = directory.resolve("out");
    Files.writeString(path, "before\n");
    try (OutputFile file = OutputFile.append(path)) {
      file.write("after\n".getBytes(UTF_8), 6);
    }
    assertThat(path).hasContent("before\nafter\n");
  }
}
