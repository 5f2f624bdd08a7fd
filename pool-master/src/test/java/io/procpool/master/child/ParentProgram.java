// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.Pool;
import io.procpool.WarmSpares;
import io.procpool.ipc.memory.Session;
import io.procpool.master.process.Faults;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The main class of a parent that ends in some manner. */
final class ParentProgram {
  private ParentProgram() {}

  /** Arguments: the notes, what to do. */
  public static void main(String[] arguments) throws Exception {
    Notes notes = new Notes(arguments[0]);
    notes.add("session " + Session.current().path());
    switch (arguments[1]) {
      case "ends", "exits" -> {
        start(notes, "normal", false);
        start(notes, "daemon", true);
        notes.await("daemon began");
        notes.await("normal began");
        notes.add("ready");
        if (arguments[1].equals("exits")) {
          System.exit(3);
        }
      }
      case "daemon" -> {
        start(notes, "daemon", true);
        notes.await("daemon began");
      }
      case "tree" -> {
        tree(notes);
        notes.add("ready");
        new CountDownLatch(1).await();
      }
      case "all" -> {
        start(notes, "normal", false);
        start(notes, "daemon", true);
        tree(notes);
        notes.await("daemon began");
        notes.await("normal began");
        WarmSpares spares = WarmSpares.keep(2);
        spares.awaitReady(Faults.LONG);
        notes.add("spares " + spares.statistics().ready());
        ProcessHandle.current().children().forEach(child -> notes.add("pid " + child.pid()));
        notes.add("ready");
        new CountDownLatch(1).await();
      }
      case "worker-tree" -> {
        Pool pool = Pool.open(Faults.options("tree").workers(1).build());
        pool.apply(() -> {
          middleOfPool(notes);
          return 0;
        });
        notes.await("grandchild began");
        notes.await("tool ");
        notes.add("ready");
        pool.close();
        notes.add("closed");
      }
      case "late" -> {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
          try {
            ChildProcess.start(() -> {});
          } catch (RuntimeException refused) {
            notes.add("refused: " + refused.getMessage());
          }
        }));
        notes.add("ready");
      }
      default -> throw new IllegalArgumentException(List.of(arguments).toString());
    }
  }

  private static void tree(Notes notes) throws Exception {
    ChildProcess.start(ChildOptions.builder().name("middle").build(), () -> middle(notes));
    notes.await("grandchild began");
    notes.await("tool ");
  }

  private static void start(Notes notes, String name, boolean daemon) {
    ChildProcess.start(ChildOptions.builder().name(name).daemon(daemon).build(), () -> {
      notes.add("pid " + Faults.pid());
      notes.add(name + " began");
      try {
        while (!notes.lines().contains("let go")) {
          Thread.sleep(5);
        }
        notes.add(name + " ended");
      } catch (InterruptedException e) {
        notes.add(name + " interrupted");
      } finally {
        notes.add(name + " finally");
      }
    });
  }

  private static void middleOfPool(Notes notes) {
    tool(notes);
    grandchild(notes);
  }

  private static void middle(Notes notes) {
    notes.add("middle " + Faults.pid());
    middleOfPool(notes);
    ChildTasks.ignoreInterrupts();
  }

  private static void tool(Notes notes) {
    try {
      notes.add("tool " + new ProcessBuilder("sleep", "1000").start().pid());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void grandchild(Notes notes) {
    ChildProcess.start(ChildOptions.builder().name("grandchild").daemon(true).build(), () -> {
      notes.add("pid " + Faults.pid());
      notes.add("grandchild began");
      try {
        ChildTasks.sleepForEver();
      } finally {
        notes.add("grandchild finally");
      }
    });
  }
}
