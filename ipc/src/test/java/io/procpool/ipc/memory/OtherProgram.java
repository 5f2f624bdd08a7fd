// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import io.procpool.shared.SharedMemory;
import java.util.Scanner;

/** A program of its own that does to named memory what lines on its standard input say, and answers each with a line. */
final class OtherProgram {
  private OtherProgram() {}

  /** Argument: the name. */
  public static void main(String[] arguments) {
    SharedMemory memory = null;
    Scanner lines = new Scanner(System.in);
    while (lines.hasNextLine()) {
      String line = lines.nextLine();
      try {
        switch (line) {
          case "create" -> memory = SharedMemory.create(arguments[0], 1000);
          case "open" -> memory = SharedMemory.open(arguments[0]);
          case "add" -> memory.getAndAddLong(8, 1);
          case "close" -> memory.close();
          default -> throw new IllegalArgumentException(line);
        }
        System.out.println("done");
      } catch (RuntimeException failed) {
        System.out.println(failed.getMessage());
      }
    }
  }
}
