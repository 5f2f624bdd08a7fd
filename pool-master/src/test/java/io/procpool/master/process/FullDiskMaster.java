// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.Pool;
import io.procpool.RunnableTask;
import io.procpool.TaskFunction;
import io.procpool.shared.SharedLongArray;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;

/** A program whose place for sessions is full at times; says what becomes of what it does. Started by {@link FullDiskTest}. */
final class FullDiskMaster {
  private static final int MANY = 30;

  private FullDiskMaster() {}

  /** Takes the directory that is to be filled, on a small file system. */
  public static void main(String[] arguments) throws Exception {
    Path filler = Path.of(arguments[0]).resolve("filler");
    fill(filler);
    say("open", () -> {
      try (Pool pool = Pool.ofWorkers(1)) {
        return pool.apply(FullDiskMaster::next, 1);
      }
    });
    Files.delete(filler);
    try (Pool pool = Pool.ofWorkers(2)) {
      say("empty", () -> pool.apply(FullDiskMaster::next, 1));
      fill(filler);
      say("small", () -> pool.map(FullDiskMaster::next, List.of(1, 2, 3)));
      say(
          "large",
          () -> pool.apply((TaskFunction<byte[], byte[]>) n -> n, new byte[8 << 20]).length);
      say("shared", () -> SharedLongArray.create(1 << 20));
      RunnableTask exit = () -> System.exit(7);
      say("crash", () -> pool.submit(exit).get());
      say("after", () -> pool.apply(FullDiskMaster::next, 2));
      pool.resize(3);
      say("busy", () -> pool.map(FullDiskMaster::next, List.of(4, 5)));
      Files.delete(filler);
      Set<Long> pids = new TreeSet<>();
      long end = System.nanoTime() + Faults.LONG.toNanos();
      while (pids.size() < 3 && System.nanoTime() < end) {
        pids.addAll(pool.map(FullDiskMaster::pid, List.of(1, 2, 3), 1));
      }
      say("workers", pids::size);
      say(
          "many",
          () -> pool.map(FullDiskMaster::next, Collections.nCopies(MANY, 1)).size());
    }
  }

  private static int next(int n) {
    return n + 1;
  }

  private static long pid(int n) throws InterruptedException {
    Thread.sleep(20); // so that others get one, too
    return Faults.pid();
  }

  private static void fill(Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] block = new byte[4096];
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      if (!String.valueOf(full.getMessage()).contains("No space left")) {
        throw full;
      }
    }
  }

  private static void say(String what, Callable<?> step) {
    String text;
    try {
      text = String.valueOf(step.call());
    } catch (Exception | Error e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      text = (what.equals("crash") ? cause : e).getClass().getSimpleName() + ": "
          + String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
    System.out.println(what + " = " + text);
  }
}
