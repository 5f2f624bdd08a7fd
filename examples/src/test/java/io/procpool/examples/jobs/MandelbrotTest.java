// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MandelbrotTest {
  @TempDir
  Path directory;

  /** The picture has the given size, black inside the set, colour outside, and is symmetric about the real axis. */
  @Test
  void run_picture_isTheSet() throws Exception {
    Path file = directory.resolve("m.png");

    JobRun run = JobRun.of(Mandelbrot::new, file.toString(), "121", "81", "200");

    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(run.outText()).isEqualTo(file + " 121x81\n");
    assertThat(run.inputs()).isEqualTo(6);
    assertThat(image.getWidth()).isEqualTo(121);
    assertThat(image.getHeight()).isEqualTo(81);
    assertThat(image.getRGB(82, 40)).as("the origin").isEqualTo(0xff000000);
    assertThat(image.getRGB(0, 0)).as("far outside").isNotEqualTo(0xff000000);
    for (int x = 0; x < 121; x++) {
      for (int y = 0; y < 40; y++) {
        assertThat(image.getRGB(x, y)).isEqualTo(image.getRGB(x, 80 - y));
      }
    }
  }

  /** A band that failed is magenta, the rest is as it should be. */
  @Test
  void run_bandFails_isMagenta() throws Exception {
    Path file = directory.resolve("m.png");

    JobRun run = JobRun.of(
        Mandelbrot::new, band -> band.firstRow() == 16, file.toString(), "40", "40", "50");

    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(image.getRGB(0, 15)).isNotEqualTo(0xffff00ff);
    assertThat(image.getRGB(0, 16)).isEqualTo(0xffff00ff);
    assertThat(image.getRGB(0, 32)).isNotEqualTo(0xffff00ff);
    assertThat(run.errText())
        .isEqualTo("mandelbrot: 1 of 3 bands failed and are magenta in the picture\n");
  }

  /** A picture that is there stays if bands are missing, as when a run that ended early is gone on with. */
  @Test
  void finish_bandsMissing_pictureIsNotTouched() throws Exception {
    Path file = directory.resolve("m.png");
    JobRun run = JobRun.of(Mandelbrot::new, file.toString(), "40", "40", "50");
    byte[] good = Files.readAllBytes(file);
    Mandelbrot again = new Mandelbrot();
    again.inputs(run);

    assertThatThrownBy(() -> again.finish(run))
        .hasMessage(file + " is not written: only 0 of 3 bands are there");
    assertThat(file).hasBinaryContent(good);
  }

  @Test
  void inputs_badArguments_refusedByName() {
    assertRefused("0 arguments (usage: mandelbrot OUT.png [WIDTH HEIGHT ITERATIONS])");
    assertRefused(
        "WIDTH: \"0\" (expected: a whole number from 1 to 16384; usage: mandelbrot OUT.png [WIDTH HEIGHT ITERATIONS])",
        directory.resolve("m.png").toString(),
        "0");
    assertRefused(
        "OUT.png: \"" + directory
            + "\" is a directory (usage: mandelbrot OUT.png [WIDTH HEIGHT ITERATIONS])",
        directory.toString());
    Path missing = directory.resolve("missing");
    assertRefused(
        "cannot write " + missing.resolve("m.png") + ": there is no directory " + missing
            + "; make it, or name another file",
        missing.resolve("m.png").toString());
  }

  private static void assertRefused(String message, String... arguments) {
    assertThatThrownBy(() -> JobRun.of(Mandelbrot::new, arguments))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
