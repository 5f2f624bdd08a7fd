// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.ChildStartException;
import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.manager.KnownManagers;
import io.procpool.ipc.manager.ManagerClient;
import io.procpool.ipc.manager.RemoteManager;
import io.procpool.ipc.memory.Session;
import io.procpool.manager.ConnectOptions;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import io.procpool.spi.Managers;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** Starts servers, here or in children, and connects to them. */
public final class StartedManagers implements Managers {
  private static final Duration START_TIME = Duration.ofSeconds(60);
  private static final Duration END_TIME = Duration.ofSeconds(10);

  @Override
  public Manager start(ManagerOptions options) {
    byte[] key = options.key().orElseGet(Handshake::newKey);
    SocketAddress address = options.address().orElseGet(StartedManagers::newAddress);
    try {
      ServerSetup setup = ServerSetup.of(options);
      return options.isHosted() ? host(address, key, setup) : spawn(address, key, setup);
    } catch (IOException | ChildStartException e) {
      throw new ManagerException("no manager could be started: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ManagerException("interrupted while a manager was started", e);
    }
  }

  private static SocketAddress newAddress() {
    String file = "manager-" + UUID.randomUUID().toString().substring(0, 8) + ".socket";
    return UnixDomainSocketAddress.of(Path.of(Session.current().path()).resolve(file));
  }

  private static boolean isOfSession(Path socket) {
    return socket.startsWith(Session.current().path());
  }

  private static Manager host(SocketAddress address, byte[] key, ServerSetup setup)
      throws IOException, InterruptedException {
    ManagerServer server = ManagerServer.start(address, key, setup);
    try {
      return handle(server.address(), key, server.fingerprint(), server::close);
    } catch (IOException | InterruptedException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private static Manager spawn(SocketAddress address, byte[] key, ServerSetup setup)
      throws IOException, InterruptedException {
    String where = text(address);
    Pipe pipe = Pipe.oneWay();
    Connection out = pipe.second();
    ChildOptions options = ChildOptions.builder().name("manager").daemon(true).build();
    ChildProcess child = ChildProcess.start(options, () -> serve(where, key, setup, out));
    out.close();
    try (Connection in = pipe.first()) {
      if (!in.poll(START_TIME)) {
        throw new IOException("its server did not start within " + START_TIME);
      }
      String[] said = (String[]) in.recv();
      if (said == null || !"listens".equals(said[0])) {
        throw new IOException(said == null ? "its server said nothing" : said[1] + "");
      }
      SocketAddress listens = address(said[1]);
      return handle(listens, key, Optional.ofNullable(said[2]), () -> end(child, listens));
    } catch (IOException | InterruptedException | RuntimeException e) {
      child.kill();
      throw e;
    }
  }

  /** Runs in the child until that is terminated. */
  private static void serve(String where, byte[] key, ServerSetup setup, Connection out)
      throws Exception {
    ManagerServer started;
    try {
      started = ManagerServer.start(address(where), key, setup);
    } catch (IOException e) {
      out.send(new String[] {"failed", String.valueOf(e.getMessage())});
      throw e;
    }
    try (ManagerServer server = started) {
      out.send(
          new String[] {"listens", text(server.address()), server.fingerprint().orElse(null)});
      out.close();
      new CountDownLatch(1).await();
    } catch (InterruptedException terminated) {
      // As it is told.
    }
  }

  /** Writes an address so that the child can read it: not every one can be serialized. */
  private static String text(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getPort() + "@" + inet.getAddress().getHostAddress()
        : ((UnixDomainSocketAddress) address).getPath().toAbsolutePath().toString();
  }

  private static SocketAddress address(String text) {
    if (text.startsWith("/")) {
      return UnixDomainSocketAddress.of(text);
    }
    int at = text.indexOf('@');
    return new InetSocketAddress(text.substring(at + 1), Integer.parseInt(text.substring(0, at)));
  }

  private static void end(ChildProcess child, SocketAddress address) {
    child.terminate();
    boolean interrupted = false;
    try {
      if (!child.join(END_TIME)) {
        child.kill();
      }
    } catch (InterruptedException e) {
      interrupted = true;
      child.kill();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (address instanceof UnixDomainSocketAddress unix && isOfSession(unix.getPath())) {
      unix.getPath().toFile().delete(); // if the server was killed it could not
    }
  }

  private static Manager handle(
      SocketAddress address, byte[] key, Optional<String> fingerprint, Runnable end)
      throws IOException, InterruptedException {
    ConnectOptions.Builder options = ConnectOptions.builder();
    fingerprint.ifPresent(options::fingerprint);
    ManagerClient client =
        KnownManagers.add(ManagerClient.connect(address, key, options.build()), key);
    return new RemoteManager(client, () -> {
      try {
        end.run(); // first: nobody is to get what this process has because it leaves
      } finally {
        KnownManagers.forget(client.server());
      }
    });
  }

  @Override
  public Manager connect(SocketAddress address, byte[] key, ConnectOptions options)
      throws IOException, InterruptedException {
    ManagerClient client = KnownManagers.add(ManagerClient.connect(address, key, options), key);
    AtomicBoolean left = new AtomicBoolean();
    return new RemoteManager(client, () -> {
      if (left.compareAndSet(false, true)) {
        KnownManagers.leave(client.server());
      }
    });
  }
}
