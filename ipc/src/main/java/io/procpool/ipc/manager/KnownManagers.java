// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.WaitInterruptedException;
import io.procpool.ipc.memory.Session;
import io.procpool.manager.ConnectOptions;
import io.procpool.manager.ManagerException;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The managers that this process has to do with. Each process of a session knows those that any other one has started or connected to: where they
 * are and what their key is stands in a file of the session, whose directory nobody else can enter. Safe for use by multiple threads.
 */
public final class KnownManagers {
  private static final String FILE = "manager-";
  private static final String HOST = "host";
  private static final String PORT = "port";
  private static final String PATH = "path";
  private static final String KEY = "key";
  private static final String FINGERPRINT = "fingerprint"; // of its certificate, if it uses TLS
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Map<String, ManagerClient> CLIENTS =
      new ConcurrentHashMap<>(); // changed under the lock of the class

  private static final Map<String, Integer> USES =
      new HashMap<>(); // how often one was added; guarded by the class

  private KnownManagers() {}

  /**
   * Makes a manager to which this process is connected known to its session. A process has one connection to a server: if there is another one already, that stays, because locks
   * and the like belong to it, and the new one is closed.
   *
   * @return the connection that there is
   */
  public static synchronized ManagerClient add(ManagerClient client, byte[] key)
      throws IOException {
    ManagerClient known = CLIENTS.get(client.server());
    if (known != null && known.isAlive()) {
      client.close();
      USES.merge(client.server(), 1, Integer::sum);
      return known;
    }
    Properties properties = new Properties();
    if (client.address() instanceof UnixDomainSocketAddress unix) {
      properties.setProperty(PATH, unix.getPath().toAbsolutePath().toString());
    } else {
      InetSocketAddress inet = (InetSocketAddress) client.address();
      properties.setProperty(HOST, inet.getAddress().getHostAddress());
      properties.setProperty(PORT, Integer.toString(inet.getPort()));
    }
    properties.setProperty(KEY, HexFormat.of().formatHex(key));
    client.fingerprint().ifPresent(seen -> properties.setProperty(FINGERPRINT, seen));
    Path file = file(client.server());
    Path written = Files.createTempFile(file.getParent(), FILE, ".new");
    try (Writer out = Files.newBufferedWriter(written)) {
      properties.store(out, null);
    }
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
    CLIENTS.put(client.server(), client);
    USES.merge(client.server(), 1, Integer::sum);
    return client;
  }

  /** Takes one {@link #add} back; with the last one the connection ends, and the session forgets the manager. */
  public static synchronized void leave(String server) {
    Integer left = USES.computeIfPresent(server, (name, uses) -> uses - 1);
    if (left != null && left == 0) {
      forget(server);
    }
  }

  /** Forgets a manager that was ended. */
  public static synchronized void forget(String server) {
    USES.remove(server);
    ManagerClient client = CLIENTS.remove(server);
    if (client != null) {
      client.close();
    }
    try {
      Files.deleteIfExists(file(server));
    } catch (IOException left) {
      // It goes with the session.
    }
  }

  /**
   * Returns this process's connection to a manager, which is made if there is none.
   *
   * @throws ManagerException if the session does not know it, or it cannot be reached
   */
  static ManagerClient client(String server) {
    ManagerClient known = CLIENTS.get(server);
    return known == null ? connectOnce(server) : known;
  }

  /** Returns this process's connection to a manager, if there is one. */
  static @Nullable ManagerClient connected(String server) {
    return CLIENTS.get(server);
  }

  /**
   * Sees to it that this process has an object whose handle it was sent. Blocks for a round trip if it did not have it, and connects if need be.
   *
   * @param ticket with which the object was lent, or none
   * @return what the handle is to refer to; null if the object is gone, or its server cannot be reached
   */
  static @Nullable Object hold(String server, long number, long ticket) {
    if (number == ManagerWire.SERVER) {
      return Hold.NONE;
    }
    try {
      if (ServersHere.has(server)) {
        Object object = ServersHere.find(server, number);
        ManagerClient client = ticket == ManagerWire.NO_TICKET ? null : CLIENTS.get(server);
        if (client != null) {
          client.takeBack(ticket);
        }
        return object;
      }
      return client(server).hold(number, ticket);
    } catch (ManagerException | WaitInterruptedException unreachable) {
      return null; // who uses the handle is told why
    }
  }

  private static synchronized ManagerClient connectOnce(String server) {
    ManagerClient known = CLIENTS.get(server);
    if (known == null) {
      known = connect(server);
      CLIENTS.put(server, known);
    }
    return known;
  }

  /** Returns how to connect to a server of this session. */
  private static ServersHere.Connecting fromFile(String server) {
    Path file = file(server);
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      properties.load(in);
    } catch (IOException unknown) {
      throw new ManagerException(
          "the manager " + server
              + " is not known in this session (any more); start it in this session, or connect"
              + " to it with Manager.connect first",
          unknown);
    }
    SocketAddress address = properties.containsKey(PATH)
        ? UnixDomainSocketAddress.of(properties.getProperty(PATH))
        : new InetSocketAddress(
            properties.getProperty(HOST), Integer.parseInt(properties.getProperty(PORT)));
    byte[] key = HexFormat.of().parseHex(properties.getProperty(KEY));
    ConnectOptions.Builder options = ConnectOptions.builder().timeout(TIMEOUT);
    if (properties.containsKey(FINGERPRINT)) {
      options.fingerprint(properties.getProperty(FINGERPRINT));
    }
    return () -> ManagerClient.connect(address, key, options.build());
  }

  private static ManagerClient connect(String server) {
    ServersHere.Connecting here = ServersHere.connecting(server);
    ServersHere.Connecting connecting = here == null ? fromFile(server) : here;
    boolean interrupted = Thread.interrupted(); // kept for after this, which has an end of its own
    try {
      while (true) {
        try {
          ManagerClient client = connecting.connect();
          if (!client.server().equals(server)) {
            client.close();
            throw new ManagerException("the manager " + server + " has ended; another one is at "
                + client.address() + " now");
          }
          return client;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (IOException e) {
      throw new ManagerException(
          "the manager " + server + " cannot be reached: " + e.getMessage(), e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Path file(String server) {
    return Path.of(Session.current().path()).resolve(FILE + server);
  }
}
