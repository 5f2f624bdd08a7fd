// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.sync.ProcessEvent;
import java.util.Collections;
import java.util.List;

/**
 * N02: names, liveness before and after a join, and who is alive: of threads, then the same of child processes.
 *
 * <p>Safe for use by multiple threads.
 */
public final class NamesAndLiveness {
  private static final List<String> NAMES = List.of("reader", "writer");

  private NamesAndLiveness() {}

  /**
   * What was seen of one flavour.
   *
   * @param names of those that live, in the order of their start
   * @param aliveBefore whether each lived before it was joined
   * @param aliveAfter whether each lived afterwards
   * @param left how many of them live in the end
   */
  record Flavour(
      List<String> names, List<Boolean> aliveBefore, List<Boolean> aliveAfter, int left) {}

  /**
   * What was seen.
   *
   * @param threads the flavour of threads
   * @param processes the flavour of processes
   */
  record Seen(Flavour threads, Flavour processes) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    return new Seen(threads(settings), processes(settings));
  }

  private static Flavour threads(ProgramSettings settings) throws InterruptedException {
    ProcessEvent end = ProcessEvent.create();
    List<Thread> threads =
        NAMES.stream().map(name -> new Thread(() -> await(end), name)).toList();
    threads.forEach(Thread::start);
    List<String> names =
        threads.stream().filter(Thread::isAlive).map(Thread::getName).toList();
    List<Boolean> before = threads.stream().map(Thread::isAlive).toList();
    settings.out().println("threads alive: " + names.size() + " " + names);
    end.set();
    for (Thread thread : threads) {
      thread.join();
    }
    List<Boolean> after = threads.stream().map(Thread::isAlive).toList();
    int left = Collections.frequency(after, true);
    return report(settings, "threads", new Flavour(names, before, after, left));
  }

  private static Flavour processes(ProgramSettings settings) throws InterruptedException {
    ProcessEvent end = ProcessEvent.create();
    List<ChildProcess> children = NAMES.stream()
        .map(
            name -> ChildProcess.start(ChildOptions.builder().name(name).build(), () -> await(end)))
        .toList();
    List<ChildProcess> active =
        ChildProcess.activeChildren().stream().filter(children::contains).toList();
    List<String> names = active.stream().map(ChildProcess::name).toList();
    List<Boolean> before = children.stream().map(ChildProcess::isAlive).toList();
    settings.out().println("children alive: " + active.size() + " " + names);
    end.set();
    for (ChildProcess child : children) {
      child.join();
    }
    int left =
        (int) ChildProcess.activeChildren().stream().filter(children::contains).count();
    return report(
        settings,
        "children",
        new Flavour(names, before, children.stream().map(ChildProcess::isAlive).toList(), left));
  }

  private static void await(ProcessEvent end) {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Flavour report(ProgramSettings settings, String title, Flavour flavour) {
    settings
        .out()
        .println(title + " before join: " + flavour.aliveBefore() + ", after: "
            + flavour.aliveAfter() + ", left: " + flavour.left());
    return flavour;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
