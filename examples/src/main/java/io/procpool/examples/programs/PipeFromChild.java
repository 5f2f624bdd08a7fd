// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * P06: a child is given one end of a pipe, sends a list, and closes it. The parent receives the list, and then the end of the stream:
 * it has closed its own handle of the child's end, so that nobody holds that any more.
 *
 * <p>Safe for use by multiple threads.
 */
public final class PipeFromChild {
  private PipeFromChild() {}

  /**
   * What was seen.
   *
   * @param value what came through the pipe
   * @param end what the next attempt to receive ended with
   */
  record Seen(@Nullable Object value, EOFException end) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws IOException, InterruptedException {
    try (Pipe pipe = Pipe.duplex()) {
      Connection far = pipe.second();
      ChildProcess child = ChildProcess.start(() -> {
        try (far) {
          far.send(Arrays.asList(42, null, "hello"));
        }
      });
      far.close();
      Object value = pipe.first().recv();
      settings.out().println(value);
      try {
        throw new IllegalStateException("received " + pipe.first().recv());
      } catch (EOFException end) {
        settings.out().println("end of file");
        child.join();
        return new Seen(value, end);
      }
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
