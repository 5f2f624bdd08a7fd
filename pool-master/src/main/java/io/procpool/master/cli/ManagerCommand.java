// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.manager.ManagerOptions;
import io.procpool.master.manager.ManagerServer;
import io.procpool.master.manager.ServerSetup;
import io.procpool.master.manager.ServerTls;
import io.procpool.master.manager.StoreException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.List;
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
    customSynopsis = {
      "pool-master manager --bind HOST:PORT|FILE --key-file FILE [--store DIR [--store-sync]]",
      "                    [--tls] [--key-store FILE --key-store-password-file FILE]",
      "                    [--class-path PATH] [--register NAME=CLASS]... [--function-timeout TIME]"
    },
    description = {
      "",
      "Programs connect with Manager.connect and find what they share by name. Prints where it listens,",
      "and runs until it is ended by a signal; nothing is kept then without --store. Values of classes",
      "that are neither the JDK's nor on --class-path cannot be stored, except in queues, and functions",
      "that clients give to methods need their classes there, too."
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
      description =
          "Where to listen: an address of this host and a port, 0 for any; or the file of a"
              + " Unix domain socket. Beyond the loopback interface TLS is used.")
  String bind = "";

  @Option(
      names = "--key-file",
      required = true,
      paramLabel = "FILE",
      description = "The key: the content of a file that only you can read, 16 bytes or more,"
          + " without line ends behind it.")
  Path keyFile = Path.of("");

  @Option(
      names = "--tls",
      description = "Use TLS on the loopback interface, too; clients have to do the same.")
  boolean tls;

  @Option(
      names = "--key-store",
      paramLabel = "FILE",
      description = "The certificate for TLS and its private key, as PKCS 12 or JKS. Without this a"
          + " certificate is made at each start, and its fingerprint is printed.")
  @Nullable
  Path keyStore;

  @Option(
      names = "--key-store-password-file",
      paramLabel = "FILE",
      description = "The password of the key store: the content of a file that only you can read,"
          + " without line ends behind it.")
  @Nullable
  Path keyStorePasswordFile;

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

  @Option(
      names = "--class-path",
      paramLabel = "PATH",
      description = "Jars and folders with the classes of what is stored, of functions, and of"
          + " --register, as for java; may be given several times.")
  List<String> classPath = List.of();

  @Option(
      names = "--register",
      paramLabel = "NAME=CLASS",
      description = "Let programs have objects of this class: manager.object(NAME, INTERFACE.class)"
          + " makes one, by its public constructor without parameters, and calls the methods of the"
          + " interface that it implements. A class with several interfaces:"
          + " NAME=CLASS:INTERFACE. May be given several times.")
  List<String> registrations = List.of();

  @Option(
      names = "--function-timeout",
      paramLabel = "TIME",
      description =
          "How long a function, or a method of a registered class, may run, such as 500ms,"
              + " 30s or 5m: after that its caller is told, and it is interrupted. No limit without this.")
  @Nullable
  String functionTimeout;

  @Mixin
  ReportFlags reportFlags = new ReportFlags();

  private final Console console;

  ManagerCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws CommandException, IOException, InterruptedException {
    CountDownLatch over = new CountDownLatch(1);
    try (Interruption ignored = new Interruption(console, new EndsAtOnce(over));
        RegisteredTypes types = RegisteredTypes.open(classPath);
        ManagerServer server = start(options(types), types.loader())) {
      console.out().append("listening at ").append(text(server.address())).append('\n');
      server
          .fingerprint()
          .ifPresent(text -> console.out().append("fingerprint ").append(text).append('\n'));
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

  private static ManagerServer start(ManagerOptions options, ClassLoader loader)
      throws CommandException {
    try {
      ServerTls.of(options); // whether it can be used
    } catch (IOException e) {
      throw CommandException.usage("--key-store: " + e.getMessage());
    }
    Thread self = Thread.currentThread();
    ClassLoader before = self.getContextClassLoader();
    try {
      self.setContextClassLoader(loader); // the server's from then on, and that of its threads
      return ManagerServer.start(
          options.address().orElseThrow(), options.key().orElseThrow(), ServerSetup.of(options));
    } catch (StoreException e) {
      throw CommandException.failed("--store: " + e.getMessage(), e);
    } catch (IOException e) {
      throw CommandException.failed(
          "--bind: " + e.getMessage() + "; end who listens there, or use another place", e);
    } finally {
      self.setContextClassLoader(before);
    }
  }

  private ManagerOptions options(RegisteredTypes types) throws CommandException {
    ManagerOptions.Builder options = ManagerOptions.builder().address(address()).key(key());
    if (storeSync && store == null) {
      throw CommandException.usage("--store-sync: there is no store; add --store DIR");
    }
    if (store != null) {
      options.store(store).storeSync(storeSync);
    }
    for (String registration : registrations) {
      types.register(registration, options);
    }
    if (functionTimeout != null) {
      try {
        options.functionTimeout(Values.time("--function-timeout", functionTimeout));
      } catch (IllegalArgumentException e) {
        throw CommandException.usage("--function-timeout: " + e.getMessage());
      }
    }
    if (tls) {
      options.tls(true);
    }
    if ((keyStore == null) != (keyStorePasswordFile == null)) {
      throw CommandException.usage("--key-store and --key-store-password-file go together");
    }
    if (keyStore != null && keyStorePasswordFile != null) {
      byte[] password = secret("--key-store-password-file", keyStorePasswordFile);
      options.keyStore(keyStore, new String(password, StandardCharsets.UTF_8).toCharArray());
    }
    try {
      return options.build();
    } catch (IllegalArgumentException e) {
      throw CommandException.usage("--bind " + bind + ": " + e.getMessage());
    }
  }

  private SocketAddress address() throws CommandException {
    int colon = bind.lastIndexOf(':');
    if (colon < 0) {
      return UnixDomainSocketAddress.of(Path.of(bind).toAbsolutePath());
    }
    try {
      InetAddress host = InetAddress.getByName(bind.substring(0, colon));
      return new InetSocketAddress(host, Integer.parseInt(bind.substring(colon + 1)));
    } catch (UnknownHostException | IllegalArgumentException e) {
      throw CommandException.usage("--bind " + bind + ": " + e.getMessage()
          + " (expected: HOST:PORT, such as 127.0.0.1:4000 or 0.0.0.0:4000, or a file)");
    }
  }

  private byte[] key() throws CommandException {
    byte[] key = secret("--key-file", keyFile);
    if (key.length < ManagerOptions.MIN_KEY_BYTES) {
      throw CommandException.usage("--key-file " + keyFile + ": " + key.length
          + " bytes (expected: " + ManagerOptions.MIN_KEY_BYTES + " or more)");
    }
    return key;
  }

  /** Reads a file that only this user can, without line ends behind it. */
  private static byte[] secret(String option, Path file) throws CommandException {
    byte[] content;
    try {
      if (Files.getFileStore(file).supportsFileAttributeView("posix")
          && Files.getPosixFilePermissions(file).stream().anyMatch(OF_OTHERS::contains)) {
        throw CommandException.usage(option + " " + file
            + ": others can read or write it; chmod 600 it, and use a new "
            + (option.equals("--key-file") ? "key" : "password"));
      }
      content = Files.readAllBytes(file);
    } catch (IOException e) {
      throw CommandException.usage(option + " " + file + ": cannot be read: " + e);
    }
    int length = content.length;
    while (length > 0 && (content[length - 1] == '\n' || content[length - 1] == '\r')) {
      length--;
    }
    return Arrays.copyOf(content, length);
  }

  private static String text(SocketAddress address) {
    if (!(address instanceof InetSocketAddress inet)) {
      return address.toString();
    }
    String host = inet.getAddress().getHostAddress();
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + inet.getPort();
  }
}
