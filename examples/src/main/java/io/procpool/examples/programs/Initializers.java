// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * F06: an initializer prepares each worker once, before its first task. Its arguments are what the lambda captures. What it
 * prepares stays in the worker, here in a {@code ThreadLocal}, so that the same program is right when workers are threads.
 *
 * <p>Safe for use by multiple threads.
 */
public final class Initializers {
  private static final int WORKERS = 3;
  private static final int TASKS = 30;
  private static final ThreadLocal<@Nullable Connection> CONNECTION = new ThreadLocal<>();

  private Initializers() {}

  private static final class Connection {
    final String address;
    int opened;
    int queries;

    Connection(String address) {
      this.address = address;
    }
  }

  /**
   * What a task found in its worker.
   *
   * @param pid the process
   * @param thread the number of the thread in the process
   * @param address the argument that the initializer was given
   * @param opened how often the initializer had run in this worker
   * @param query which query of its worker this was, from 1
   */
  record Reply(long pid, long thread, String address, int opened, int query)
      implements Serializable {}

  /** Runs the program and returns what each task found. */
  static List<Reply> run(ProgramSettings settings) throws InterruptedException {
    String address = "db.example:5432";
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < TASKS; i++) {
      inputs.add(i);
    }
    try (Pool pool = Pool.open(
        settings.options().workers(WORKERS).initializer(() -> connect(address)).build())) {
      List<Reply> replies = pool.map(Initializers::query, inputs, 1);
      replies.forEach(settings.out()::println);
      return replies;
    }
  }

  private static void connect(String address) {
    Connection connection =
        Objects.requireNonNullElseGet(CONNECTION.get(), () -> new Connection(address));
    connection.opened++;
    CONNECTION.set(connection);
  }

  private static Reply query(int number) {
    Connection connection = Objects.requireNonNull(CONNECTION.get(), "not connected");
    connection.queries++;
    return new Reply(
        ProcessHandle.current().pid(),
        Thread.currentThread().getId(),
        connection.address,
        connection.opened,
        connection.queries);
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
