// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code map}: lines in, converted, results out in order; what fails costs its own line. */
@Timeout(60)
final class MapCommandTest {
  /** Some editors begin a file with a byte order mark, which is not of its first line. */
  @Test
  void map_byteOrderMark_isSkipped() {
    LineInput lines = new LineInput(
        new ByteArrayInputStream("\ufeff1\n\ufeff2\n".getBytes(StandardCharsets.UTF_8)));
    assertThat(lines.next()).isEqualTo("1");
    assertThat(lines.next()).isEqualTo("\ufeff2");
    assertThat(lines.hasNext()).isFalse();
  }

  @TempDir
  Path folder;

  private Path jar = Path.of("");

  @BeforeEach
  void makeJar() throws IOException {
    jar = JobJars.in(folder)
        .add(
            "Tools",
            "public class Tools {"
                + "public enum Size { SMALL, LARGE }"
                + "public record Point(int x) { public static Point of(String s) { return new Point(Integer.parseInt(s)); } }"
                + "public static String path(java.nio.file.Path p) { return \"\" + p.getFileName(); }"
                + "public static String uri(java.net.URI u) { return u.getHost(); }"
                + "public static int size(Size s) { return s.ordinal(); }"
                + "public static int point(Point p) { return p.x(); }"
                + "public static String date(java.time.LocalDate d) { return \"\" + d.getYear(); }"
                + "public static char next(char c) { return (char) (c + 1); }"
                + "public static boolean not(boolean b) { return !b; }"
                + "public static Object big(java.math.BigInteger i) { return i.pow(3); }"
                + "public static String lines(String s) { return s + \"\\n\" + s; }"
                + "public static int[] digits(String s) { return s.chars().map(c -> c - '0').toArray(); }"
                + "public static Object nothing(String s) { return null; }"
                + "public static void print(String s) { System.out.println(\"printed \" + s); }"
                + "public static Object opaque(String s) { return new Object() { public String toString() { return \"<\" + s + \">\"; } }; }"
                + "public static String slow(String s) throws Exception { Thread.sleep(s.equals(\"0\") ? 200 : 0); return s; }"
                + "}")
        .build("tools.jar");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "java.lang.Integer::parseInt(String)|42|42",
        "java.lang.Math::abs(long)|-99999999999|99999999999",
        "java.lang.Math::sqrt| 2.25 |1.5",
        "demo.Tools::path|a/b.txt|b.txt",
        "demo.Tools::uri|https://example.org/x|example.org",
        "demo.Tools::size|LARGE|1",
        "demo.Tools::point|7|7",
        "demo.Tools::date|2026-11-21|2026",
        "demo.Tools::next|a|b",
        "demo.Tools::not|true|false",
        "demo.Tools::big|2000000000000|8000000000000000000000000000000000000",
        "demo.Tools::lines|x|x\\nx",
        "demo.Tools::digits|123|[1, 2, 3]",
        "demo.Tools::nothing|x|null",
        "demo.Tools::opaque|x|<x>",
      })
  void map_line_isConvertedAndPrinted(String target, String line, String result) {
    Cli.Result run = Cli.runWith(line + "\n", "map", jar, target, "--backend", "inline");
    assertThat(run).isEqualTo(new Cli.Result(0, result + "\n", run.err()));
  }

  /** A line that cannot be converted, or on which the method throws, fails alone and is listed. */
  @Test
  void map_badLines_failAlone() {
    Cli.Result run =
        Cli.runWith("1\nabc\n3\n", "map", jar, "java.lang.Math::abs(int)", "--backend", "inline");
    assertThat(run.out()).isEqualTo("1\n3\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("1 of 3 inputs failed:", "line 2 (\"abc\"): java.lang.NumberFormatException");
  }

  @Test
  void map_manyBadLines_areAllListed() {
    Cli.Result run = Cli.runWith(
        "x\n".repeat(1000), "map", jar, "java.lang.Math::abs(int)", "--backend", "inline");
    assertThat(run.err()).contains("1000 of 1000 inputs failed:", "  line 1000 (\"x\"): ");
    assertThat(run.err().lines().filter(line -> line.startsWith("  line "))).hasSize(1000);
  }

  @Test
  void map_lineNotUtf8_failsAlone() {
    byte[] bytes = "a\n?\nb\n".getBytes(StandardCharsets.UTF_8);
    bytes[2] = (byte) 0xff;
    Cli.Result run = Cli.runWith(
        new ByteArrayInputStream(bytes), "map", jar, "demo.Tools::opaque", "--backend", "inline");
    assertThat(run.out()).isEqualTo("<a>\n<b>\n");
    assertThat(run.err())
        .containsPattern("  line 2 \\(.*\\): not UTF-8; convert the input, as with iconv");
  }

  @Test
  void map_json_hasAnObjectForEachLine() {
    Cli.Result run = Cli.runWith(
        "1\n\"q\"\n", "map", jar, "java.lang.Math::abs(int)", "--backend", "inline", "--json");
    assertThat(run.out().lines())
        .containsExactly(
            "{\"index\":0,\"input\":\"1\",\"ok\":true,\"value\":1}",
            "{\"index\":1,\"input\":\"\\\"q\\\"\",\"ok\":false,"
                + "\"error\":\"java.lang.NumberFormatException\","
                + "\"message\":\"For input string: \\\"\\\"q\\\"\\\"\"}");
    assertThat(run.err()).startsWith("{\"done\":1,\"failed\":1,").hasLineCount(1);
  }

  @Test
  void map_systemOutOfTheMethod_isNotAmongTheResults() {
    Cli.Result run = Cli.runWith("a\n", "map", jar, "demo.Tools::print", "--backend", "threads");
    assertThat(run.out()).isEqualTo("\n");
    assertThat(run.err()).contains("printed a");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inline", "threads"})
  void map_manyLines_keepTheirOrder(String backend) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      lines.append(i).append("\r\n");
    }
    Path input = Files.writeString(folder.resolve("lines.txt"), lines);
    Cli.Result run =
        Cli.run("map", jar, "demo.Tools::slow", "--backend", backend, "--input", input, "--quiet");
    assertThat(run).isEqualTo(new Cli.Result(0, lines.toString().replace("\r", ""), ""));
  }

  @Test
  void map_unordered_doesNotWaitForASlowLine() {
    Cli.Result run = Cli.runWith(
        "0\n1\n2\n",
        "map",
        jar,
        "demo.Tools::slow",
        "--backend",
        "threads",
        "--workers",
        2,
        "--unordered");
    assertThat(run.out().lines()).containsExactlyInAnyOrder("0", "1", "2");
    assertThat(run.status()).isZero();
  }

  @Test
  void map_noLines_isDone() {
    Cli.Result run = Cli.run("map", jar, "demo.Tools::slow", "--backend", "threads", "--quiet");
    assertThat(run).isEqualTo(new Cli.Result(0, "", ""));
  }

  /** A line is computed and printed while standard input stays open. */
  @Test
  @Timeout(value = 30, unit = TimeUnit.SECONDS)
  void map_openInput_resultComesAtOnce() throws Exception {
    PipedOutputStream typed = new PipedOutputStream();
    PipedInputStream in = new PipedInputStream(typed);
    PipedOutputStream out = new PipedOutputStream();
    PipedInputStream printed = new PipedInputStream(out);
    java.io.PrintStream nowhere = new java.io.PrintStream(java.io.OutputStream.nullOutputStream());
    String[] args = {"map", jar.toString(), "demo.Tools::opaque", "--backend", "threads"};
    Thread command = new Thread(() -> PoolMasterCommand.run(args, in, out, nowhere));
    command.start();
    typed.write("hello\n".getBytes(StandardCharsets.UTF_8));
    typed.flush();
    assertThat(new String(printed.readNBytes(8), StandardCharsets.UTF_8)).isEqualTo("<hello>\n");
    typed.close();
    command.join();
  }
}
