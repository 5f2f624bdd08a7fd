// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What sockets leave behind if they are not closed: descriptors of this process, and threads. Where /proc is missing, threads only. The
 * selectors' descriptors are apart, because one that finishes what connections have begun is kept for a second.
 */
record Descriptors(int count, int selectors, List<String> listeners) {
  private static final Path OPEN = Path.of("/proc/self/fd");
  private static final Pattern SOCKETS = Pattern.compile("socket:|pipe:");
  private static final Pattern SELECTORS = Pattern.compile("anon_");
  private static final AtomicBoolean FIRST_IS_CLOSED = new AtomicBoolean();

  static {
    try (FileChannel first = FileChannel.open(
        Files.createTempFile("procpool", ".test"), StandardOpenOption.DELETE_ON_CLOSE)) {
      first.size(); // the JDK opens a socket for itself with its first file
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The JDK opens a socket for itself when it first closes a channel at which a thread waits. */
  private static void closeWhileItAccepts() throws IOException {
    try (ServerSocketChannel listening = ServerSocketChannel.open()) {
      listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      Thread accepting = new Thread(() -> {
        try {
          listening.accept();
        } catch (IOException closed) {
          // As expected.
        }
      });
      accepting.start();
      Faults.awaitLong("it to accept")
          .until(() -> Stream.of(accepting.getStackTrace())
              .limit(1)
              .anyMatch(frame -> frame.isNativeMethod()));
    }
  }

  /** Returns how many there are now. */
  static Descriptors now() {
    try {
      if (!FIRST_IS_CLOSED.getAndSet(true)) {
        closeWhileItAccepts();
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return new Descriptors(open(SOCKETS).size(), open(SELECTORS).size(), threads());
  }

  private static List<String> open(Pattern kind) {
    List<String> found = new ArrayList<>();
    if (!Files.isDirectory(OPEN)) {
      return found;
    }
    try (Stream<Path> all = Files.list(OPEN)) {
      for (Path each : all.toList()) {
        try {
          String what = Files.readSymbolicLink(each).toString();
          if (kind.matcher(what).lookingAt()) {
            found.add(what);
          }
        } catch (IOException gone) {
          // It was closed meanwhile.
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return found;
  }

  /** Waits until there are no more than there were, but for those of selectors, and no other thread of a listener. */
  void assertNoMore() {
    Faults.awaitLong("descriptors and threads to be given back").untilAsserted(() -> {
      List<String> now = open(SOCKETS);
      assertThat(now.size()).as("%s (%s before)", now, count).isLessThanOrEqualTo(count);
      assertThat(listeners).as("threads").containsAll(threads());
    });
  }

  /** Waits until there are no more selectors than there were. */
  void assertNoMoreSelectors() {
    Faults.awaitLong("selectors to be given back")
        .untilAsserted(() -> assertThat(open(SELECTORS)).hasSizeLessThanOrEqualTo(selectors));
  }

  private static List<String> threads() {
    List<String> names = new ArrayList<>();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("procpool-listener")) {
        names.add(thread.getName());
      }
    }
    return names;
  }
}
