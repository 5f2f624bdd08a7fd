// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.manager.ManagerOptions;
import io.procpool.master.manager.ManagerServer;
import io.procpool.master.manager.StoreException;
import io.procpool.master.manager.StoreOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code pool-master manager}: the server of a manager, alone. */
@Command(
    name = "manager",
    header = "Runs a manager: maps, lists, sets and queues for programs that know its key.",
    customSynopsis =
        "pool-master manager --bind HOST:PORT|FILE --key-file FILE [--store DIR [--store-sync]]",
    description = {
      "",
      "Programs connect with Manager.connect and find what they share by name. Prints where it listens,",
      "and runs until it is ended by a signal; nothing is kept then without --store. Values of classes",
      "that are not on its class path cannot be stored, except in queues."
    },
    sortOptions = false)
final class ManagerCommand implements Callable<Integer> {
  private static final Set<PosixFilePermission> OF_OTHERS = Set.of(
      PosixFilePermission.GROUP_READ,
      PosixFilePermission.GROUP_WRITE,
      PosixFilePermission.OTHERS_READ,
      PosixFilePermission.OTHERS_WRITE);

  @Option(
      names = "--bind",
      required = true,
      paramLabel = "HOST:PORT|FILE",
      description = "Where to listen: an address of the loopback interface and a port, 0 for any;"
          + " or the file of a Unix domain socket.")
  String bind = "";

  @Option(
      names = "--key-file",
      required = true,
      paramLabel = "FILE",
      description = "The key: the content of a file that only you can read, 16 bytes or more,"
          + " without line ends behind it.")
  Path keyFile = Path.of("");

  @Option(
      names = "--store",
      paramLabel = "DIR",
      description = "Keep all that has a name in this directory: it is there again when a manager"
          + " is started with it, even after kill -9.")
  @Nullable
  Path store;

  @Option(
      names = "--store-sync",
      description = "Acknowledge changes when the disk has them: they survive loss of power, too,"
          + " and take milliseconds.")
  boolean storeSync;

  @Mixin
  ReportFlags reportFlags = new ReportFlags();

  private final Console console;

  ManagerCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws CommandException, IOException, InterruptedException {
    SocketAddress address = address();
    byte[] key = key();
    if (storeSync && store == null) {
      throw CommandException.usage("--store-sync: there is no store; add --store DIR");
    }
    StoreOptions kept = StoreOptions.of(Optional.ofNullable(store), storeSync);
    CountDownLatch over = new CountDownLatch(1);
    try (Interruption ignored = new Interruption(console, new EndsAtOnce(over));
        ManagerServer server = start(address, key, kept)) {
      console.out().append("listening at ").append(text(server.address())).append('\n');
      console.flushResults();
      over.await();
    }
    return ExitStatus.DONE;
  }

  /** There is nothing to be finished. */
  private record EndsAtOnce(CountDownLatch over) implements Interruption.Target {
    @Override
    public void interrupt() {
      over.countDown();
    }

    @Override
    public void conclude() {}
  }

  private static ManagerServer start(SocketAddress address, byte[] key, @Nullable StoreOptions kept)
      throws CommandException {
    try {
      return ManagerServer.start(address, key, kept);
    } catch (StoreException e) {
      throw CommandException.failed("--store: " + e.getMessage(), e);
    } catch (IOException e) {
      throw CommandException.failed(
          "--bind: " + e.getMessage() + "; end who listens there, or use another place", e);
    }
  }

  private SocketAddress address() throws CommandException {
    int colon = bind.lastIndexOf(':');
    if (colon < 0) {
      return UnixDomainSocketAddress.of(Path.of(bind).toAbsolutePath());
    }
    try {
      InetAddress host = InetAddress.getByName(bind.substring(0, colon));
      int port = Integer.parseInt(bind.substring(colon + 1));
      InetSocketAddress address = new InetSocketAddress(host, port);
      ManagerOptions.builder().address(address); // refuses what is not allowed
      return address;
    } catch (UnknownHostException | IllegalArgumentException e) {
      throw CommandException.usage("--bind " + bind + ": " + e.getMessage()
          + " (expected: HOST:PORT of the loopback interface, such as 127.0.0.1:4000, or a file)");
    }
  }

  private byte[] key() throws CommandException {
    byte[] content;
    try {
      if (Files.getFileStore(keyFile).supportsFileAttributeView("posix")
          && Files.getPosixFilePermissions(keyFile).stream().anyMatch(OF_OTHERS::contains)) {
        throw CommandException.usage("--key-file " + keyFile
            + ": others can read or write it; chmod 600 it, and use a new key");
      }
      content = Files.readAllBytes(keyFile);
    } catch (IOException e) {
      throw CommandException.usage("--key-file " + keyFile + ": cannot be read: " + e);
    }
    int length = content.length;
    while (length > 0 && (content[length - 1] == '\n' || content[length - 1] == '\r')) {
      length--;
    }
    if (length < ManagerOptions.MIN_KEY_BYTES) {
      throw CommandException.usage("--key-file " + keyFile + ": " + length + " bytes (expected: "
          + ManagerOptions.MIN_KEY_BYTES + " or more)");
    }
    return Arrays.copyOf(content, length);
  }

  private static String text(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
        : address.toString();
  }
}
