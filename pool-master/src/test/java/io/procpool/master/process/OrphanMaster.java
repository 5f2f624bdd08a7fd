// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.Pool;
import io.procpool.Task;
import java.io.FileInputStream;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** The main class of a master that is going to be killed while its workers are occupied. */
final class OrphanMaster {
  /** What a worker does while its master is killed. */
  enum Occupation {
    IDLE,
    COUNTED_LOOP,
    SLEEPING,
    HOLDING_MONITORS,
    READING_FIFO,
    ACCEPTING,
    IGNORING_INTERRUPTS,
    WITH_CHILD,
    EXITING,
    SHORT_TASKS,
    WAITING_FOR_A_CLASS
  }

  /** A line of the journal that is not a pid. */
  static final String SESSION = "session ";

  /** The line that says that all is as it should be. */
  static final String READY = "ready";

  private static volatile long sink;

  private OrphanMaster() {}

  /** Arguments: the journal, a FIFO, the occupations, each for a worker of its own. */
  public static void main(String[] arguments) throws Exception {
    Faults.Journal journal = new Faults.Journal(arguments[0]);
    String fifo = arguments[1];
    List<Occupation> occupations = new ArrayList<>();
    for (String name : Arrays.asList(arguments).subList(2, arguments.length)) {
      occupations.add(Occupation.valueOf(name));
    }
    Pool pool =
        Pool.open(Faults.options("orphan").workers(occupations.size() + 1).build());
    Faults.awaitFull(pool);
    ProcessHandle.current().children().forEach(child -> journal.add(child.pid()));
    for (Path session : Faults.ownSessions()) {
      journal.add(SESSION + session);
    }
    for (Occupation occupation : occupations) {
      begin(pool, occupation, fifo, journal);
    }
    if (occupations.contains(Occupation.SHORT_TASKS)) {
      Thread feeder = new Thread(() -> feed(pool));
      feeder.setDaemon(true);
      feeder.start();
    }
    journal.add(READY);
    new CountDownLatch(1).await();
  }

  private static void begin(Pool pool, Occupation occupation, String fifo, Faults.Journal journal)
      throws Exception {
    Faults.Journal begun = Faults.Journal.in(Path.of(journal.path()).getParent());
    Task<Void> task = () -> {
      occupy(occupation, fifo, journal, begun);
      return null;
    };
    pool.submit(occupation == Occupation.WAITING_FOR_A_CLASS ? asking(begun) : task);
    begun.awaitLines(1);
  }

  /** Returns a task whose loader never gives what the task needs. */
  private static Task<Void> asking(Faults.Journal begun) throws Exception {
    Path folder = Path.of(begun.path()).resolveSibling("classes");
    String source =
        "package asking; public class Asking { static class Never { static void call() {} } public static"
            + " io.procpool.Task<Void> task() { return () -> { Never.call(); return null; }; } }";
    Plugin.compile(folder, Map.of("asking.Asking", source));
    ClassLoader loader = new URLClassLoader(new URL[] {Plugin.url(folder)}) {
      @Override
      public URL findResource(String name) {
        if (name.contains("Never")) {
          begun.add("asked");
          countForEver();
        }
        return super.findResource(name);
      }
    };
    return Plugin.task(loader, "asking.Asking", "task");
  }

  private static void occupy(
      Occupation occupation, String fifo, Faults.Journal journal, Faults.Journal begun)
      throws Exception {
    if (occupation == Occupation.WITH_CHILD) {
      journal.add(new ProcessBuilder("sleep", "1000").start().pid());
    }
    if (occupation == Occupation.EXITING) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {
        begun.add("in the hook");
        countForEver();
      }));
      System.exit(0);
    }
    begun.add(occupation);
    switch (occupation) {
      case COUNTED_LOOP -> countForEver();
      case SLEEPING, WITH_CHILD -> Thread.sleep(Long.MAX_VALUE);
      case HOLDING_MONITORS -> {
        synchronized (OrphanMaster.class) {
          synchronized (System.out) {
            new CountDownLatch(1).await();
          }
        }
      }
      case READING_FIFO -> new FileInputStream(fifo).read();
      case ACCEPTING -> new ServerSocket(0).accept();
      case IGNORING_INTERRUPTS -> {
        while (true) {
          try {
            Thread.sleep(Long.MAX_VALUE);
          } catch (InterruptedException ignored) {
            // That is what it is for.
          }
        }
      }
      default -> {
        // idle
      }
    }
  }

  /** Keeps the workers at tasks so short that they learn by a write that nobody is there. */
  private static void feed(Pool pool) {
    try {
      while (true) {
        pool.map(n -> n, Collections.nCopies(1000, 1), 1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Loops that the compiler need not interrupt by itself. */
  private static void countForEver() {
    while (true) {
      long sum = 0;
      for (int i = 0; i < Integer.MAX_VALUE; i++) {
        sum += i ^ (sum << 1);
      }
      sink = sum;
    }
  }
}
