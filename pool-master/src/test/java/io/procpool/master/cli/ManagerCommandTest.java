// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procpool.channel.WrongKeyException;
import io.procpool.manager.ConnectOptions;
import io.procpool.manager.FunctionTimeoutException;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerGoneException;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A manager that is run by itself. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
final class ManagerCommandTest {
  private static final String KEY = "the key of this test";

  @TempDir
  Path folder;

  private Path keyFile;

  @BeforeEach
  void writeKey() throws IOException {
    keyFile = write(KEY + "\n", "rw-------");
  }

  private Path write(String key, String permissions) throws IOException {
    Path file = Files.createTempFile(folder, "key", "");
    Files.writeString(file, key);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    return file;
  }

  @ParameterizedTest
  @CsvSource({"INT,130,true", "TERM,143,false"})
  void manager_untilSignal_servesPrograms(String signal, int status, boolean tcp) throws Exception {
    String bind = tcp ? "127.0.0.1:0" : folder.resolve("socket").toString();
    Process command = new ProcessBuilder(
            Cli.words(List.of(), "manager", "--bind", bind, "--key-file", keyFile))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    try (BufferedReader out = command.inputReader()) {
      String line = out.readLine();
      assertThat(line).startsWith("listening at ");
      SocketAddress address = tcp
          ? new InetSocketAddress(
              InetAddress.getLoopbackAddress(),
              Integer.parseInt(line.substring(line.lastIndexOf(':') + 1)))
          : UnixDomainSocketAddress.of(folder.resolve("socket"));
      assertThatThrownBy(() -> Manager.connect(address, "another key, also long".getBytes()))
          .isInstanceOf(WrongKeyException.class);
      try (Manager one = Manager.connect(address, KEY.getBytes());
          Manager two = Manager.connect(address, KEY.getBytes())) {
        ManagedQueue<String> queue = one.queue("tasks", 10);
        queue.put("hello");
        assertThat(two.<String>queue("tasks", 10).take()).isEqualTo("hello");

        new ProcessBuilder("kill", "-" + signal, Long.toString(command.pid()))
            .start()
            .waitFor();
        assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(command.exitValue()).isEqualTo(status);
        assertThatThrownBy(queue::take).isInstanceOf(ManagerGoneException.class);
      }
    } finally {
      command.destroyForcibly();
    }
    assertThat(folder.resolve("socket")).doesNotExist();
  }

  /** Beyond the loopback interface it prints what clients may check. */
  @Test
  void manager_atAllAddresses_printsFingerprint() throws Exception {
    Process command = new ProcessBuilder(
            Cli.words(List.of(), "manager", "--bind", "0.0.0.0:0", "--key-file", keyFile))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    try (BufferedReader out = command.inputReader()) {
      String line = out.readLine();
      assertThat(line).startsWith("listening at 0.0.0.0:");
      String fingerprint = out.readLine();
      assertThat(fingerprint).startsWith("fingerprint ");
      SocketAddress address = new InetSocketAddress(
          InetAddress.getLoopbackAddress(),
          Integer.parseInt(line.substring(line.lastIndexOf(':') + 1)));
      ConnectOptions pinned = ConnectOptions.builder()
          .fingerprint(fingerprint.substring("fingerprint ".length()))
          .build();
      try (Manager manager = Manager.connect(address, KEY.getBytes(), pinned)) {
        manager.list("shared").add("hello");
        assertThat(manager.list("shared")).hasSize(1);
      }
    } finally {
      command.destroyForcibly().waitFor();
    }
  }

  @Test
  void badArguments_sayWhatIsExpected() throws Exception {
    assertSays(2, "--bind", "manager", "--key-file", keyFile);
    assertSays(2, "--key-file", "manager", "--bind", "127.0.0.1:0");
    assertSays(
        2,
        "Unix domain sockets have no TLS",
        "manager",
        "--bind",
        folder.resolve("socket"),
        "--tls",
        "--key-file",
        keyFile);
    assertSays(
        2,
        "--key-store and --key-store-password-file go together",
        "manager",
        "--bind",
        "0.0.0.0:0",
        "--key-store",
        keyFile,
        "--key-file",
        keyFile);
    assertSays(
        2,
        "keyStore: " + keyFile + " cannot be used",
        "manager",
        "--bind",
        "0.0.0.0:0",
        "--key-store",
        keyFile,
        "--key-store-password-file",
        keyFile,
        "--key-file",
        keyFile);
    assertSays(
        2,
        "(expected: HOST:PORT, such as",
        "manager",
        "--bind",
        "127.0.0.1:http",
        "--key-file",
        keyFile);
    assertSays(
        2,
        "others can read or write it; chmod 600 it",
        "manager",
        "--bind",
        "127.0.0.1:0",
        "--key-file",
        write(KEY, "rw-r--r--"));
    assertSays(
        2,
        "5 bytes (expected: 16 or more)",
        "manager",
        "--bind",
        "127.0.0.1:0",
        "--key-file",
        write("short\n", "rw-------"));
    assertSays(
        2,
        "cannot be read",
        "manager",
        "--bind",
        "127.0.0.1:0",
        "--key-file",
        folder.resolve("none"));
  }

  /** What a killed one has left at its place is in nobody's way; one that lives is. */
  @Test
  void killed_startedAgain_sameSocket() throws Exception {
    Path socket = folder.resolve("socket");
    for (int i = 0; i < 2; i++) {
      Process command = new ProcessBuilder(
              Cli.words(List.of(), "manager", "--bind", socket, "--key-file", keyFile))
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
      try (BufferedReader out = command.inputReader()) {
        assertThat(out.readLine()).isEqualTo("listening at " + socket);
        assertSays(
            1,
            "another process, or this one, listens there",
            "manager",
            "--bind",
            socket,
            "--key-file",
            keyFile);
      } finally {
        command.destroyForcibly().waitFor();
      }
      assertThat(socket).exists();
    }
  }

  private Path types() throws IOException {
    return JobJars.in(folder)
        .add(
            "Counter",
            "public interface Counter { int next(); int nextOf(Map<String, Integer> counts);"
                + " void hang() throws Exception; }")
        .add(
            "Counts",
            "public class Counts implements Counter, java.io.Serializable { int count;"
                + " public int next() { return ++count; }"
                + " public int nextOf(Map<String, Integer> counts) {"
                + " counts.put(\"next\", ++count); return counts.get(\"next\"); }"
                + " public void hang() throws Exception {"
                + " new java.util.concurrent.CountDownLatch(1).await(); } }")
        .add(
            "Both", "public class Both extends Counts implements Runnable { public void run() {} }")
        .add("Hidden", "class Hidden extends Counts { public Hidden() {} }")
        .add("Private", "public class Private extends Counts { private Private() {} }")
        .add("Half", "public abstract class Half extends Counts {}")
        .add("Alone", "public class Alone {}")
        .add("Outer", "public class Outer { public class Inner extends Counts {} }")
        .build("types.jar");
  }

  /** A program that has nothing but the interface and the address uses objects of classes that only the server has. */
  @Test
  void register_classesOfJar_programsUseThem() throws Exception {
    Path jar = types();
    Process command = new ProcessBuilder(Cli.words(
            List.of(),
            "manager",
            "--bind",
            "127.0.0.1:0",
            "--key-file",
            keyFile,
            "--class-path",
            jar,
            "--register",
            "counter=demo.Counts",
            "--register",
            "runner=demo.Both:java.lang.Runnable",
            "--function-timeout",
            "200ms"))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    try (BufferedReader out = command.inputReader();
        URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()})) {
      String line = out.readLine();
      SocketAddress address = new InetSocketAddress(
          InetAddress.getLoopbackAddress(),
          Integer.parseInt(line.substring(line.lastIndexOf(':') + 1)));
      Class<?> type = loader.loadClass("demo.Counter");
      try (Manager manager = Manager.connect(address, KEY.getBytes())) {
        Object counter = manager.object("counter", "shared", type);
        assertThat(type.getMethod("next").invoke(counter)).isEqualTo(1);
        assertThat(type.getMethod("next").invoke(manager.object("counter", "shared", type)))
            .isEqualTo(2);
        manager.object("runner", Runnable.class).run();
        Object value = loader.loadClass("demo.Counts").getConstructor().newInstance();
        manager.list("values").add(value);
        assertThat(manager.list("values")).hasSize(1);
        assertThat(type.getMethod("nextOf", Map.class).invoke(counter, manager.map("counts")))
            .as("a method uses what it is given a handle of")
            .isEqualTo(3);
        assertThat(manager.map("counts")).containsEntry("next", 3);
        assertThatThrownBy(() -> type.getMethod("hang").invoke(counter))
            .hasCauseInstanceOf(FunctionTimeoutException.class);
        await()
            .ignoreExceptionsMatching(e -> e.getCause() instanceof FunctionTimeoutException)
            .until(() -> type.getMethod("next").invoke(counter).equals(4));
        assertThatThrownBy(() -> manager.object("clock", Runnable.class))
            .hasMessageContaining("[counter, runner] are");
      }
    } finally {
      command.destroyForcibly().waitFor();
    }
  }

  @Test
  void register_whatCannotBe_saysWhy() throws Exception {
    Path jar = types();
    assertRefuses(2, "is not NAME=CLASS or NAME=CLASS:INTERFACE, such as counter=", jar, "counter");
    assertRefuses(2, "is not NAME=CLASS", jar, "=demo.Counts");
    assertRefuses(
        3,
        "class demo.Clock was not found in [" + jar + "]; give its full name",
        jar,
        "c=demo.Clock");
    assertRefuses(3, "class demo.Clock was not found in the command itself", null, "c=demo.Clock");
    assertRefuses(2, "class demo.Counter is an interface", jar, "c=demo.Counter");
    assertRefuses(2, "class demo.Half is abstract", jar, "c=demo.Half");
    assertRefuses(2, "class demo.Hidden is not public", jar, "c=demo.Hidden");
    assertRefuses(2, "demo.Outer$Inner is an inner class", jar, "c=demo.Outer$Inner");
    assertRefuses(
        2, "demo.Private has no public constructor without parameters", jar, "c=demo.Private");
    assertRefuses(2, "class demo.Alone implements no interface", jar, "c=demo.Alone");
    assertRefuses(
        2,
        "class demo.Both implements [demo.Counter, java.lang.Runnable]; say which programs are to"
            + " use, as c=demo.Both:demo.Counter",
        jar,
        "c=demo.Both");
    assertRefuses(
        2,
        "java.util.List is not implemented by demo.Counts, which implements [demo.Counter]",
        jar,
        "c=demo.Counts:java.util.List");
    assertRefuses(2, "demo.Counts is no interface", jar, "c=demo.Counts:demo.Counts");
    assertSays(
        2,
        "name: \"c\" (expected: one that is not registered yet)",
        "manager",
        "--bind",
        folder.resolve("socket"),
        "--key-file",
        keyFile,
        "--class-path",
        jar,
        "--register",
        "c=demo.Counts",
        "--register",
        "c=demo.Counts");
    assertRefuses(
        3, "none.jar: no such file; give a jar or a folder", folder.resolve("none.jar"), "c=x.Y");
    assertRefuses(3, "is not a jar (", keyFile, "c=x.Y");
    assertSays(
        2,
        "--function-timeout: \"soon\" is not a time above zero",
        "manager",
        "--bind",
        folder.resolve("socket"),
        "--key-file",
        keyFile,
        "--function-timeout",
        "soon");
  }

  private void assertRefuses(int status, String text, @Nullable Path classPath, String type) {
    List<Object> words = new ArrayList<>(
        List.of("manager", "--bind", folder.resolve("socket"), "--key-file", keyFile));
    if (classPath != null) {
      words.addAll(List.of("--class-path", classPath));
    }
    words.addAll(List.of("--register", type));
    assertSays(status, text, words.toArray());
  }

  @Test
  void placeIsTaken_saysSo() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertSays(
          1,
          "cannot listen at",
          "manager",
          "--bind",
          "127.0.0.1:" + taken.getLocalPort(),
          "--key-file",
          keyFile);
    }
  }

  private static void assertSays(int status, String text, Object... args) {
    Cli.Result result = Cli.run(args);
    assertThat(result.err()).contains(text);
    assertThat(result.status()).isEqualTo(status);
    assertThat(result.out()).isEmpty();
  }
}
