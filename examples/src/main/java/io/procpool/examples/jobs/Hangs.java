// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.CountDownLatch;

/** What does not come back by itself, or ends the process. */
final class Hangs {
  private Hangs() {}

  static void fail() {
    throw new IllegalStateException("thrown as asked");
  }

  static void recurse() {
    recurse(0);
  }

  private static long recurse(long depth) {
    return recurse(depth + 1) + depth;
  }

  static void loop() {
    long n = 0;
    while (n >= 0) {
      n = (n + 1) & Long.MAX_VALUE;
    }
  }

  static void waitForMonitor() throws InterruptedException {
    Object monitor = new Object();
    CountDownLatch held = new CountDownLatch(1);
    Thread holder = new Thread(
        () -> {
          synchronized (monitor) {
            held.countDown();
            loop();
          }
        },
        "holder of the monitor");
    holder.setDaemon(true);
    holder.start();
    held.await();
    synchronized (monitor) {
      throw new IllegalStateException("the monitor is free");
    }
  }

  static void sitInNativeCode() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      server.accept().close();
    }
  }

  static void stop() throws Exception {
    signal("STOP");
  }

  static void startChildren() throws IOException {
    for (int i = 0; i < 3; i++) {
      new ProcessBuilder("sleep", "600").start();
    }
    new ProcessBuilder("sh", "-c", "sleep 600 & sleep 600 &").start();
    loop();
  }

  /** Writes to address 0. A later JDK that refuses to is sent the signal that the write would have caused. */
  static void crash() throws Exception {
    try {
      Class<?> unsafe = Class.forName("sun.misc.Unsafe");
      Field field = unsafe.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      unsafe.getMethod("putAddress", long.class, long.class).invoke(field.get(null), 0L, 0L);
    } catch (ReflectiveOperationException e) {
      signal("SEGV");
    }
  }

  private static void signal(String name) throws Exception {
    String pid = Long.toString(ProcessHandle.current().pid());
    new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor();
  }
}
