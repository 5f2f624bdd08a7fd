// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** What the workers do. */
final class Tasks {
  static final int LONG_SECONDS = 60;
  private static final int ROUNDS_PER_CALL = 2_000;

  private Tasks() {}

  static Integer same(Integer value) {
    return value;
  }

  static byte[] sameBytes(byte[] value) {
    return value;
  }

  static Long pid(Integer ignored) {
    return ProcessHandle.current().pid();
  }

  static Integer sleep(Integer millis) throws InterruptedException {
    Thread.sleep(millis);
    return millis;
  }

  /** Says that it has started, then sleeps. */
  static Integer noteAndSleep(String note) throws Exception {
    write(Path.of(note));
    Thread.sleep(LONG_SECONDS * 1000L);
    return 0;
  }

  /** Says that it has started, then keeps a CPU busy. */
  static Integer noteAndSpin(String note, Integer seconds) throws Exception {
    long start = System.nanoTime();
    write(Path.of(note), start);
    long state = 1;
    while (System.nanoTime() - start < seconds * 1_000_000_000L) {
      state = scramble(state, ROUNDS_PER_CALL);
    }
    return (int) state;
  }

  private static void write(Path note) throws IOException {
    write(note, System.nanoTime());
  }

  private static void write(Path note, long startNanos) throws IOException {
    Path unfinished = Path.of(note + ".new");
    Files.writeString(unfinished, ProcessHandle.current().pid() + " " + startNanos);
    Files.move(unfinished, note, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Who has started a task, and when, on the clock that all processes of this machine share. */
  record Note(long pid, long startNanos) {
    private static final long NOTE_NANOS = 10_000_000_000L;

    static Note await(Path file) throws IOException, InterruptedException {
      long deadline = System.nanoTime() + NOTE_NANOS;
      while (!Files.exists(file)) {
        if (System.nanoTime() > deadline) {
          throw new IOException("no task said that it had started");
        }
        Thread.sleep(1);
      }
      String[] parts = Files.readString(file).split(" ");
      Files.delete(file);
      return new Note(Long.parseLong(parts[0]), Long.parseLong(parts[1]));
    }
  }

  /** Computes for a time in proportion to the argument. */
  static Long compute(Integer calls) {
    long state = 88172645463325252L;
    for (int i = 0; i < calls; i++) {
      state = scramble(state, ROUNDS_PER_CALL);
    }
    return state;
  }

  private static long scramble(long seed, int rounds) {
    long state = seed;
    for (int i = 0; i < rounds; i++) {
      state ^= state << 13;
      state ^= state >>> 7;
      state ^= state << 17;
    }
    return state;
  }
}
