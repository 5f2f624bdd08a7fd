// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.LongForm;
import io.procpool.manager.ConnectOptions;
import io.procpool.manager.ManagedList;
import io.procpool.manager.Manager;
import io.procpool.master.cli.PoolMasterCommand;
import io.procpool.master.process.Faults;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A server whose process may have no more descriptors goes on, without spinning, and takes clients again when it has some. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class ManagerDescriptorsTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();
  private static final int DESCRIPTORS = 250;

  @TempDir
  private Path directory;

  private Process start(Path errors, String transport) throws IOException {
    Path key = directory.resolve("key");
    Files.write(key, KEY);
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    List<String> words = new ArrayList<>(List.of(
        "/bin/sh",
        "-c",
        "ulimit -n " + DESCRIPTORS + " && exec \"$@\"",
        "sh",
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Dprocpool.transport=" + transport,
        "-cp",
        System.getProperty("java.class.path"),
        PoolMasterCommand.class.getName()));
    words.addAll(List.of("manager", "--bind", "127.0.0.1:0", "--key-file", key.toString()));
    return new ProcessBuilder(words).redirectError(errors.toFile()).start();
  }

  static List<String> transports() {
    return LongForm.choose(List.of("native", "nio"), 2);
  }

  @ParameterizedTest
  @MethodSource("transports")
  void descriptors_allTaken_serverGoesOn(String transport) throws Exception {
    Path errors = directory.resolve("errors");
    Process server = start(errors, transport);
    Deque<RawPeer> guests = new ArrayDeque<>();
    try (BufferedReader out = server.inputReader()) {
      String line = out.readLine();
      SocketAddress address = new InetSocketAddress(
          InetAddress.getLoopbackAddress(),
          Integer.parseInt(line.substring(line.lastIndexOf(':') + 1)));
      RawPeer good = RawPeer.plain(address).join(KEY);
      guests.add(good);
      long object = good.open("list", "mine");

      for (int i = 0; i < 2 * DESCRIPTORS; i++) { // who is silent gives back what it has
        guests.add(RawPeer.plain(address));
      }
      try (RawPeer another = RawPeer.plain(address)) {
        another.join(KEY);
      }
      assertThat(good.open("list", "mine")).isEqualTo(object);
      closeAllBut(good, guests);

      boolean full = false;
      while (!full) { // who has the key does not
        assertThat(guests).hasSizeLessThan(DESCRIPTORS);
        RawPeer guest = RawPeer.plain(address).patience(2000);
        guests.add(guest);
        try {
          guest.join(KEY);
        } catch (SocketTimeoutException noDescriptor) {
          full = true;
        }
      }
      Duration before = server.info().totalCpuDuration().orElseThrow();
      TimeUnit.SECONDS.sleep(2); // what it costs meanwhile
      Duration used = server.info().totalCpuDuration().orElseThrow().minus(before);
      assertThat(used).isLessThan(Duration.ofMillis(700));
      assertThat(good.open("list", "mine")).isEqualTo(object);
      assertThat(Files.readString(errors).split("no connection can be accepted", -1))
          .hasSize(2); // one line

      closeAllBut(good, guests);
      Faults.awaitLong("a new client to get in").until(() -> connects(address));
      assertThat(good.open("list", "mine")).isEqualTo(object);
    } catch (IOException | AssertionError e) {
      throw new AssertionError(e + "; the server has said: " + Files.readString(errors), e);
    } finally {
      for (RawPeer guest : guests) {
        guest.close();
      }
      server.destroyForcibly().waitFor();
    }
  }

  private static boolean connects(SocketAddress address) throws Exception {
    ConnectOptions soon =
        ConnectOptions.builder().timeout(Duration.ofSeconds(5)).build();
    try (Manager manager = Manager.connect(address, KEY, soon)) {
      ManagedList<Object> list = manager.list("mine");
      return list.isEmpty();
    } catch (IOException notYet) {
      return false;
    }
  }

  private static void closeAllBut(RawPeer good, Deque<RawPeer> guests) throws IOException {
    guests.remove(good);
    for (RawPeer guest : guests) {
      guest.close();
    }
    guests.clear();
    guests.add(good);
  }
}
