// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.WrongKeyException;
import io.procpool.manager.ConnectOptions;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerGoneException;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
