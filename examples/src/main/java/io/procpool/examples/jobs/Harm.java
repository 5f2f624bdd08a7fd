// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/** What an input of {@link Misbehave} does. Immutable. */
public enum Harm {
  /** Nothing: returns its word. */
  OK(() -> {}),
  /** Throws an exception. */
  THROW(Hangs::fail),
  /** Calls {@code System.exit(3)}. */
  EXIT(() -> System.exit(3)),
  /** Calls {@code Runtime.halt(4)}. */
  HALT(() -> Runtime.getRuntime().halt(4)),
  /** Fills the heap. */
  OOM(Hoards::fillHeap),
  /** Fills the metaspace with classes: a gigabyte, unless a JVM flag such as {@code -XX:MaxMetaspaceSize=64m} says less. */
  METASPACE(Hoards::fillMetaspace),
  /** Fills the memory for direct buffers. */
  DIRECT(Hoards::fillDirectMemory),
  /** Calls itself without end. */
  STACKOVERFLOW(Hangs::recurse),
  /** Computes for ever and ignores interrupts; needs {@code --timeout}. */
  LOOP(Hangs::loop),
  /** Waits for a monitor that another thread never leaves; an interrupt does not help; needs {@code --timeout}. */
  MONITOR(Hangs::waitForMonitor),
  /** Sits in native code, waiting for a connection that nobody makes; needs {@code --timeout}. */
  NATIVE(Hangs::sitInNativeCode),
  /** Stops its process (SIGSTOP); needs {@code --timeout}. */
  STOP(Hangs::stop),
  /** Starts processes, one of which loses its parent, and computes for ever; needs {@code --timeout}. */
  CHILDREN(Hangs::startChildren),
  /** Writes to address 0, which ends the JVM with a segmentation fault. */
  SEGFAULT(Hangs::crash),
  /** Opens files until there is no descriptor left, and closes them again. */
  DESCRIPTORS(Hoards::openFiles),
  /** Starts ten thousand threads, lets them end, and returns its word. */
  THREADS(Hoards::startThreads),
  /** Writes some megabytes to standard output and to standard error, then returns its word. */
  OUTPUT(Hoards::writeLines),
  /** Writes a gigabyte without an end of line to standard output, then returns its word. */
  GIGABYTE(Hoards::writeOneLine),
  /** Keeps 3 MiB of the heap for as long as its process lives, and returns its word. */
  LEAK(Hoards::leak),
  /** Returns a value that can be encoded and not decoded. */
  UNDECODABLE(Undecodable::new);

  private final Callable<Object> deed;

  /** Something that does harm, and gives no value. */
  private interface Deed {
    void run() throws Exception;
  }

  Harm(Deed deed) {
    this.deed = () -> {
      deed.run();
      return word();
    };
  }

  Harm(Callable<Object> deed) {
    this.deed = deed;
  }

  /** Does the harm, and returns the value of the input, if it comes to that. */
  Object inflict() throws Exception {
    return deed.call();
  }

  /** Returns the word that asks for it. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return word();
  }

  static Harm of(String word) {
    for (Harm harm : values()) {
      if (harm.word().equals(word)) {
        return harm;
      }
    }
    throw new IllegalArgumentException("\"" + word + "\" (expected: " + words() + ")");
  }

  static String words() {
    List<String> words = new ArrayList<>();
    for (Harm harm : values()) {
      words.add(harm.word());
    }
    return String.join(", ", words);
  }
}
