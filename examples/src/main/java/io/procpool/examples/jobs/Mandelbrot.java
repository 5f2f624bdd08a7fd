// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * Draws the Mandelbrot set into a PNG file; each input is a band of rows. The picture does not depend on the number of
 * workers. A band that failed stays magenta. Needs no display.
 *
 * <p>{@link #process} is safe for use by multiple threads; the rest is for the one thread of the master.
 */
public final class Mandelbrot implements Job<Mandelbrot.Band, int[]> {
  private static final String USAGE = "mandelbrot OUT.png [WIDTH HEIGHT ITERATIONS]";
  private static final int BAND_ROWS = 16;
  private static final int MAX_SIDE = 16384;
  private static final int DEFAULT_WIDTH = 1200;
  private static final int DEFAULT_HEIGHT = 800;
  private static final int DEFAULT_ITERATIONS = 1000;
  private static final int INSIDE = 0x000000;
  private static final int FAILED = 0xff00ff;
  private static final double CENTRE_RE = -0.65;
  private static final double SPAN_IM = 2.4;
  private static final double ESCAPE = 256;

  private @Nullable Path file;
  private @Nullable BufferedImage image;
  private int bandCount;
  private int painted;
  private int failures;

  /**
   * Some rows of the picture, and what the picture is like.
   *
   * @param firstRow the first row, from 0 at the top
   * @param rows how many
   * @param width width of the picture in pixels
   * @param height height of the picture in pixels
   * @param iterations after how many steps a point counts as inside the set
   */
  public record Band(int firstRow, int rows, int width, int height, int iterations)
      implements Serializable {}

  @Override
  public String name() {
    return "mandelbrot";
  }

  @Override
  public String description() {
    return "draws the Mandelbrot set into a PNG file, 1200 x 800 pixels unless told otherwise: "
        + USAGE;
  }

  @Override
  public Iterable<Band> inputs(JobContext context) {
    JobArguments arguments = new JobArguments(USAGE, context.arguments(), 1, 4);
    file = output(arguments.get(0));
    int width = (int) arguments.number("WIDTH", 1, 1, MAX_SIDE, DEFAULT_WIDTH);
    int height = (int) arguments.number("HEIGHT", 2, 1, MAX_SIDE, DEFAULT_HEIGHT);
    int iterations = (int) arguments.number("ITERATIONS", 3, 1, 100_000_000, DEFAULT_ITERATIONS);
    image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    List<Band> bands = new ArrayList<>();
    for (int row = 0; row < height; row += BAND_ROWS) {
      bands.add(new Band(row, Math.min(BAND_ROWS, height - row), width, height, iterations));
    }
    bandCount = bands.size();
    return bands;
  }

  /** Refuses what cannot be written before any work is done. */
  private static Path output(String argument) {
    Path path;
    try {
      path = Path.of(argument);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(
          "OUT.png: \"" + argument + "\" is no path: " + e.getReason(), e);
    }
    Path directory = Objects.requireNonNullElse(path.toAbsolutePath().getParent(), path);
    if (argument.isEmpty() || Files.isDirectory(path)) {
      throw new IllegalArgumentException(
          "OUT.png: \"" + argument + "\" is a directory (usage: " + USAGE + ")");
    }
    if (!Files.isDirectory(directory)) {
      throw new IllegalArgumentException("cannot write " + argument + ": there is no directory "
          + directory + "; make it, or name another file");
    }
    if (!Files.isWritable(Files.exists(path) ? path : directory)) {
      throw new IllegalArgumentException(
          "cannot write " + argument + ": no permission; name a file that you can write to");
    }
    return path;
  }

  /** Returns the colours of the band's pixels, row by row, as {@code 0xRRGGBB}. */
  @Override
  public int[] process(Band band) {
    int[] colours = new int[band.rows() * band.width()];
    double step = SPAN_IM / band.height();
    for (int i = 0; i < colours.length; i++) {
      double re = CENTRE_RE + (i % band.width() - (band.width() - 1) / 2.0) * step;
      double im = ((band.height() - 1) / 2.0 - band.firstRow() - i / band.width()) * step;
      colours[i] = colour(re, im, band.iterations());
    }
    return colours;
  }

  private static int colour(double re, double im, int iterations) {
    double x = 0;
    double y = 0;
    for (int n = 0; n < iterations; n++) {
      double xx = x * x;
      double yy = y * y;
      if (xx + yy > ESCAPE * ESCAPE) {
        // The fraction of a step by which the point escaped makes the colours run smoothly.
        return palette(n + 1 - Math.log(Math.log(xx + yy) / 2 / Math.log(2)) / Math.log(2));
      }
      y = 2 * x * y + im;
      x = xx - yy + re;
    }
    return INSIDE;
  }

  private static int palette(double steps) {
    double t = Math.log(Math.max(1, steps)) * 1.9;
    return wave(t + 4.3) << 16 | wave(t + 3.7) << 8 | wave(t + 2.9);
  }

  private static int wave(double t) {
    return (int) Math.round(127.5 - 127.5 * Math.cos(t));
  }

  @Override
  public void onResult(Band band, int[] colours, JobContext context) {
    paint(band, colours);
    painted++;
  }

  private void paint(Band band, int[] colours) {
    Objects.requireNonNull(image)
        .setRGB(0, band.firstRow(), band.width(), band.rows(), colours, 0, band.width());
  }

  @Override
  public void onError(Band band, Throwable error, JobContext context) {
    int[] colours = new int[band.rows() * band.width()];
    Arrays.fill(colours, FAILED);
    paint(band, colours);
    painted++;
    failures++;
  }

  /** Writes the file and prints its name; a picture with a hole does not replace the one that may be there. */
  @Override
  public void finish(JobContext context) throws IOException {
    BufferedImage picture = Objects.requireNonNull(image);
    if (painted < bandCount) {
      throw new IllegalStateException(
          file + " is not written: only " + painted + " of " + bandCount + " bands are there");
    }
    ImageIO.setUseCache(false);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(picture, "png", png);
    Files.write(Objects.requireNonNull(file), png.toByteArray());
    context.out().println(file + " " + picture.getWidth() + "x" + picture.getHeight());
    if (failures > 0) {
      context
          .err()
          .println("mandelbrot: " + failures + " of " + painted
              + " bands failed and are magenta in the picture");
    }
  }
}
