// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.channel.WrongKeyException;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The worker of S08: a program of its own, which takes numbers from the queue {@code tasks} of a manager and puts their squares into the queue {@code
 * results}, until it takes a negative number. The one argument is the port; the key comes on standard input.
 *
 * <p>Safe for use by multiple threads.
 */
public final class SquaresWorker {
  static final String TASKS = "tasks";
  static final String RESULTS = "results";
  static final int CAPACITY = 100;
  static final int WRONG_KEY = 3;

  private SquaresWorker() {}

  /** Runs the program; exits with 3 if it has the wrong key. */
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    byte[] key = System.in.readAllBytes();
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    try (Manager manager = Manager.connect(address, key)) {
      ManagedQueue<Long> tasks = manager.queue(TASKS, CAPACITY);
      ManagedQueue<Long> results = manager.queue(RESULTS, CAPACITY);
      for (long task = tasks.take(); task >= 0; task = tasks.take()) {
        results.put(task * task);
      }
    } catch (WrongKeyException refused) {
      System.err.println(refused.getMessage());
      System.exit(WRONG_KEY);
    }
  }
}
