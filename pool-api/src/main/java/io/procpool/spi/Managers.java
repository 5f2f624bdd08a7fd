// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import io.procpool.manager.ConnectOptions;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Iterator;
import java.util.ServiceLoader;

/** Where managers come from; found with {@link ServiceLoader}. Implementations are safe for use by multiple threads. */
public interface Managers {
  /** Starts a server. */
  Manager start(ManagerOptions options);

  /** Connects to a server. */
  Manager connect(SocketAddress address, byte[] key, ConnectOptions options)
      throws IOException, InterruptedException;

  /** Returns the implementation of this process. */
  static Managers installed() {
    return Installed.MANAGERS;
  }

  /** Finds it when it is first asked for. */
  final class Installed {
    private static final Managers MANAGERS = find();

    private Installed() {}

    private static Managers find() {
      Iterator<Managers> found =
          ServiceLoader.load(Managers.class, Managers.class.getClassLoader()).iterator();
      if (!found.hasNext()) {
        throw new IllegalStateException(
            "no managers are on the class path; add the artifact io.procpool:procpool-master");
      }
      return found.next();
    }
  }
}
