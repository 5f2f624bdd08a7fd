// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** What takes more than its share. */
final class Hoards {
  private static final int OUTPUT_LINES = 20_000;
  private static final int THREADS = 10_000;
  private static final int MANY_FILES = 1 << 20;
  private static final int BUFFER_BYTES = 16 << 20;
  private static final List<byte[]> LEAKED = new ArrayList<>();

  private Hoards() {}

  /** Asks for as much as the heap can hold, again and again, so that even a large heap is full at once. */
  static void fillHeap() {
    int longs = (int) Math.min(Integer.MAX_VALUE - 8, Runtime.getRuntime().maxMemory() / 8 + 1);
    List<long[]> hoard = new ArrayList<>();
    while (hoard.size() < Integer.MAX_VALUE) {
      hoard.add(new long[longs]);
    }
  }

  /** Defines this class again and again. */
  static void fillMetaspace() throws IOException, IllegalAccessException {
    byte[] bytes;
    try (InputStream file = Hoards.class.getResourceAsStream("Hoards.class")) {
      bytes = file.readAllBytes();
    }
    List<Class<?>> hoard = new ArrayList<>();
    while (hoard.size() < Integer.MAX_VALUE) {
      hoard.add(MethodHandles.lookup().defineHiddenClass(bytes, false).lookupClass());
    }
  }

  static void fillDirectMemory() {
    List<ByteBuffer> hoard = new ArrayList<>();
    while (hoard.size() < Integer.MAX_VALUE) {
      hoard.add(ByteBuffer.allocateDirect(BUFFER_BYTES));
    }
  }

  static void openFiles() throws IOException {
    List<FileInputStream> open = new ArrayList<>();
    try {
      while (open.size() < MANY_FILES) {
        open.add(new FileInputStream("/dev/null"));
      }
    } finally {
      for (FileInputStream file : open) {
        file.close();
      }
    }
  }

  static void startThreads() throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    try {
      for (int i = 0; i < THREADS; i++) {
        Thread thread = new Thread(null, () -> await(end), "thread " + i, 1 << 16);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
    } finally {
      end.countDown();
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private static void await(CountDownLatch end) {
    try {
      end.await();
    } catch (InterruptedException e) {
      // Then it ends a little earlier.
    }
  }

  static void writeLines() {
    for (int i = 0; i < OUTPUT_LINES; i++) {
      System.out.println(
          "line " + i + " of " + OUTPUT_LINES + " that nobody wants to see on standard output");
      System.err.println(
          "line " + i + " of " + OUTPUT_LINES + " that nobody wants to see on standard error");
    }
  }

  static void writeOneLine() {
    byte[] text = new byte[1 << 16];
    Arrays.fill(text, (byte) 'x');
    for (int i = 0; i < (1 << 30) / text.length; i++) {
      System.out.write(text, 0, text.length);
    }
    System.out.flush();
  }

  static void leak() {
    LEAKED.add(new byte[3 << 20]);
  }
}
