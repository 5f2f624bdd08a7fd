// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * S08: a queue of tasks and one of results on a TCP port, and a worker that is a program of its own: it connects with the key, takes numbers and
 * returns their squares. One with another key is refused.
 *
 * <p>Safe for use by multiple threads.
 */
public final class DistributedSquares {
  private static final int TASKS = 20;

  private DistributedSquares() {}

  /**
   * What was seen.
   *
   * @param squares the results
   * @param exitCode of the worker
   * @param exitCodeOfStranger of a worker with another key
   */
  record Seen(List<Long> squares, int exitCode, int exitCodeOfStranger) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws IOException, InterruptedException {
    byte[] key = newKey();
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    ManagerOptions options =
        ManagerOptions.builder().hosted(true).address(anyPort).key(key).build();
    try (Manager manager = Manager.start(options)) {
      ManagedQueue<Long> tasks = manager.queue(SquaresWorker.TASKS, SquaresWorker.CAPACITY);
      ManagedQueue<Long> results = manager.queue(SquaresWorker.RESULTS, SquaresWorker.CAPACITY);
      int port = ((InetSocketAddress) manager.address()).getPort();
      for (long i = 0; i < TASKS; i++) {
        tasks.put(i);
      }
      Process stranger = launch(port, newKey());
      Process worker = launch(port, key);
      List<Long> squares = new ArrayList<>();
      for (int i = 0; i < TASKS; i++) {
        squares.add(results.take());
      }
      tasks.put(-1L);
      settings.out().println(squares);
      return new Seen(squares, worker.waitFor(), stranger.waitFor());
    }
  }

  private static byte[] newKey() {
    byte[] key = new byte[16];
    new SecureRandom().nextBytes(key);
    return HexFormat.of().formatHex(key).getBytes(StandardCharsets.US_ASCII);
  }

  private static Process launch(int port, byte[] key) throws IOException {
    Process process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            SquaresWorker.class.getName(),
            Integer.toString(port))
        .redirectOutput(ProcessBuilder.Redirect.INHERIT)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(key);
    }
    return process;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
