// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Does, for each argument, the harm it names. Each argument is one input, and none may cost another its result: that is
 * what the job shows. Prints a line for each input: its word, and behind a colon what it failed with. On the backends
 * {@code threads} and {@code inline} the harm is done to the master itself.
 *
 * <p>{@link #process} is safe for use by multiple threads, as far as it is safe at all.
 */
public final class Misbehave implements Job<Misbehave.Harm, Object> {
  private static final String USAGE = "misbehave WORD...";
  private static final int OUTPUT_LINES = 20_000;

  /** What an input does. */
  public enum Harm {
    /** Nothing: returns its word. */
    OK,
    /** Throws an exception. */
    THROW,
    /** Calls {@code System.exit(3)}. */
    EXIT,
    /** Calls {@code Runtime.halt(4)}. */
    HALT,
    /** Fills the heap. */
    OOM,
    /** Calls itself without end. */
    STACKOVERFLOW,
    /** Computes for ever and ignores interrupts; needs {@code --timeout}. */
    LOOP,
    /** Writes to address 0, which ends the JVM with a segmentation fault. */
    SEGFAULT,
    /** Writes some megabytes to standard output and to standard error, then returns its word. */
    OUTPUT,
    /** Returns a value that can be encoded and not decoded. */
    UNDECODABLE;

    /** Returns the word that asks for it. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
      return word();
    }

    private static Harm of(String word) {
      for (Harm harm : values()) {
        if (harm.word().equals(word)) {
          return harm;
        }
      }
      throw new IllegalArgumentException("\"" + word + "\" (expected: " + words() + ")");
    }

    private static String words() {
      List<String> words = new ArrayList<>();
      for (Harm harm : values()) {
        words.add(harm.word());
      }
      return String.join(", ", words);
    }
  }

  /** A value whose decoding fails, in whichever process it is tried. */
  static final class Undecodable implements Serializable {
    private static final long serialVersionUID = 1;

    private void readObject(ObjectInputStream in) throws IOException {
      throw new InvalidObjectException("made to be undecodable");
    }

    @Override
    public String toString() {
      return Harm.UNDECODABLE.word();
    }
  }

  @Override
  public String name() {
    return "misbehave";
  }

  @Override
  public String description() {
    return "does the harm each argument names (" + Harm.words() + "); loop needs --timeout: "
        + USAGE;
  }

  @Override
  public Iterable<Harm> inputs(JobContext context) {
    if (context.arguments().isEmpty()) {
      throw new IllegalArgumentException(
          "0 arguments (usage: " + USAGE + ", each one of: " + Harm.words() + ")");
    }
    List<Harm> inputs = new ArrayList<>();
    for (String argument : context.arguments()) {
      inputs.add(Harm.of(argument));
    }
    return inputs;
  }

  @Override
  public Object process(Harm harm) throws Exception {
    switch (harm) {
      case OK -> {}
      case THROW -> throw new IllegalStateException("thrown as asked");
      case EXIT -> System.exit(3);
      case HALT -> Runtime.getRuntime().halt(4);
      case OOM -> fillHeap();
      case STACKOVERFLOW -> recurse(0);
      case LOOP -> loop();
      case SEGFAULT -> crash();
      case OUTPUT -> write();
      case UNDECODABLE -> {
        return new Undecodable();
      }
    }
    return harm.word();
  }

  /** Asks for as much as the heap can hold, again and again, so that even a large heap is full at once. */
  private static void fillHeap() {
    int longs = (int) Math.min(Integer.MAX_VALUE - 8, Runtime.getRuntime().maxMemory() / 8 + 1);
    List<long[]> hoard = new ArrayList<>();
    while (hoard.size() < Integer.MAX_VALUE) {
      hoard.add(new long[longs]);
    }
  }

  private static long recurse(long depth) {
    return recurse(depth + 1) + depth;
  }

  private static void loop() {
    long n = 0;
    while (n >= 0) {
      n = (n + 1) & Long.MAX_VALUE;
    }
  }

  /** Writes to address 0. A later JDK that refuses to is sent the signal that the write would have caused. */
  private static void crash() throws Exception {
    try {
      Class<?> unsafe = Class.forName("sun.misc.Unsafe");
      Field field = unsafe.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      unsafe.getMethod("putAddress", long.class, long.class).invoke(field.get(null), 0L, 0L);
    } catch (ReflectiveOperationException e) {
      String pid = Long.toString(ProcessHandle.current().pid());
      new ProcessBuilder("kill", "-SEGV", pid).inheritIO().start().waitFor();
    }
  }

  private static void write() {
    for (int i = 0; i < OUTPUT_LINES; i++) {
      System.out.println(
          "line " + i + " of " + OUTPUT_LINES + " that nobody wants to see on standard output");
      System.err.println(
          "line " + i + " of " + OUTPUT_LINES + " that nobody wants to see on standard error");
    }
  }

  @Override
  public void onResult(Harm harm, Object result, JobContext context) {
    context.out().println(result);
  }

  @Override
  public void onError(Harm harm, Throwable error, JobContext context) {
    context.out().println(harm.word() + ": " + error.getClass().getSimpleName());
  }
}
