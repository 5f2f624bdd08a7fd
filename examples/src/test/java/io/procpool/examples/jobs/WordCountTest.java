// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WordCountTest {
  @TempDir
  Path directory;

  /** Lines are sorted by count, then by word; words are lower-cased runs of letters or digits. */
  @Test
  void run_text_printsMostFrequentFirst() throws Exception {
    Path file = write("a.txt", "The cat, the DOG;\nthe 2nd cat's x_y 42!");

    assertThat(JobRun.of(WordCount::new, file.toString()).outText())
        .isEqualTo("3\tthe\n2\tcat\n1\t2nd\n1\t42\n1\tdog\n1\ts\n1\tx\n1\ty\n");
  }

  /** Letters of any script count, also beyond U+FFFF, and ties are in code point order. */
  @Test
  void run_unicode_countsCodePoints() throws Exception {
    Path file = write("a.txt", "Straße ΣΑΣ 漢字 \uD801\uDC00 \uFF21 ÉTÉ été");

    assertThat(JobRun.of(WordCount::new, file.toString()).outText())
        .isEqualTo("2\tété\n1\tstraße\n1\tσας\n1\t漢字\n1\t\uFF41\n1\t\uD801\uDC28\n");
  }

  /** Bytes that are no UTF-8 separate words and are no error. */
  @Test
  void run_notUtf8_separatesWords() throws Exception {
    Path file = directory.resolve("latin1.txt");
    Files.write(
        file, new byte[] {'a', 'b', (byte) 0xe9, 'c', ' ', (byte) 0xe2, (byte) 0x82, ' ', 'd'});

    assertThat(JobRun.of(WordCount::new, file.toString()).outText())
        .isEqualTo("1\tab\n1\tc\n1\td\n");
  }

  /** Wherever a file is cut, its words are counted as if it were whole. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 64, 1000})
  void run_slicedFile_countsAsWhole(int sliceBytes) throws Exception {
    Random random = new Random(sliceBytes);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      text.append(
          new String[] {"a", "bé", "字字字", "\uD801\uDC00x", "longerword"}[random.nextInt(5)]);
      text.append(new String[] {" ", "\n", "", "。", "—", ", "}[random.nextInt(6)]);
    }
    Path file = write("text", text.toString());
    JobRun whole = JobRun.of(WordCount::new, file.toString());

    JobRun sliced = JobRun.of(() -> new WordCount(sliceBytes), file.toString());

    assertThat(sliced.outText()).isEqualTo(whole.outText());
    assertThat(whole.inputs()).isEqualTo(1);
    assertThat(sliced.inputs()).isEqualTo((int) ((Files.size(file) + sliceBytes - 1) / sliceBytes));
  }

  /** Directories are read to the bottom, without hidden names; an argument is read whatever its name. */
  @Test
  void run_directory_readsAllButHidden() throws Exception {
    write("sub/deep/a.txt", "one");
    write("b.txt", "two");
    write(".git/config", "hidden");
    write(".profile", "hidden");
    write("empty", "");

    assertThat(JobRun.of(WordCount::new, directory.toString()).outText())
        .isEqualTo("1\tone\n1\ttwo\n");
    assertThat(JobRun.of(WordCount::new, directory.resolve(".git").toString()).outText())
        .isEqualTo("1\thidden\n");
  }

  /** A file with a NUL byte near its start is skipped with a remark, once however many slices it has. */
  @Test
  void run_binaryFile_skippedWithRemark() throws Exception {
    write("b.bin", "abc\0def and more than one slice");
    write("a.txt", "text");

    JobRun run = JobRun.of(() -> new WordCount(8), directory.toString());

    assertThat(run.outText()).isEqualTo("1\ttext\n");
    assertThat(run.errText())
        .isEqualTo(
            "wordcount: skipped as no text (NUL bytes): " + directory.resolve("b.bin") + "\n");
  }

  /** What failed is said beside the counts of the rest. */
  @Test
  void run_inputFails_countsTheRestAndSaysSo() throws Exception {
    write("a", "kept");
    write("b", "gone");

    JobRun run =
        JobRun.of(WordCount::new, slice -> slice.name().endsWith("b"), directory.toString());

    assertThat(run.outText()).isEqualTo("1\tkept\n");
    assertThat(run.errText())
        .isEqualTo("wordcount: the counts leave out what failed: 1 of 2 inputs\n");
  }

  /** A directory that cannot be listed fails as an input of its own; the others are counted. */
  @Test
  void run_unreadableDirectory_failsAlone() throws Exception {
    write("a", "kept");
    Path closed = write("closed/b", "gone").getParent();
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    try {
      assumeTrue(!Files.isReadable(closed), "this user may read everything");

      JobRun run = JobRun.of(WordCount::new, directory.toString());

      assertThat(run.outText()).isEqualTo("1\tkept\n");
      assertThat(run.errText()).contains("1 of 2 inputs");
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void run_nothingToRead_saysSo() throws Exception {
    JobRun run = JobRun.of(WordCount::new, directory.toString());

    assertThat(run.outText()).isEmpty();
    assertThat(run.errText()).startsWith("wordcount: no file found");
  }

  @Test
  void inputs_badArguments_refusedByName() {
    assertThatThrownBy(() -> JobRun.of(WordCount::new))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("0 arguments (usage: wordcount FILE-OR-DIRECTORY...)");
    assertThatThrownBy(() -> JobRun.of(WordCount::new, "/no/such/file"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no such file or directory: /no/such/file; give one that exists");
    assertThatThrownBy(() -> JobRun.of(WordCount::new, ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("an empty argument (expected: a file or directory)");
    assumeTrue(Files.exists(Path.of("/dev/null")));
    assertThatThrownBy(() -> JobRun.of(WordCount::new, "/dev/null"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("neither a file nor a directory: /dev/null; give one of these");
  }

  private Path write(String name, String text) throws Exception {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
