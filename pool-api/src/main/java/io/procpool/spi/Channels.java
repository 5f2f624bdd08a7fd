// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import io.procpool.Awaitable;
import io.procpool.channel.Connection;
import io.procpool.channel.ConnectionListener;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueOptions;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;

/** Where queues, pipes and connections come from; found with {@link ServiceLoader}. Implementations are safe for use by multiple threads. */
public interface Channels {
  /** Makes a queue. */
  <E> ProcessQueue<E> queue(QueueOptions options);

  /** Makes a pipe. */
  Pipe pipe(boolean duplex, int capacityBytes);

  /** Begins to listen. */
  ConnectionListener listen(SocketAddress address, byte[] key, int backlog) throws IOException;

  /** Connects to a listener. */
  Connection connect(SocketAddress address, byte[] key, Duration timeout)
      throws IOException, InterruptedException;

  /** Waits until something is ready, and returns what is. */
  <T extends Awaitable> List<T> awaitReady(Collection<? extends T> things, Duration timeout)
      throws InterruptedException;

  /** Returns the implementation of this process. */
  static Channels installed() {
    return Installed.CHANNELS;
  }

  /** Finds it when it is first asked for. */
  final class Installed {
    private static final Channels CHANNELS = find();

    private Installed() {}

    private static Channels find() {
      Iterator<Channels> found =
          ServiceLoader.load(Channels.class, Channels.class.getClassLoader()).iterator();
      if (!found.hasNext()) {
        throw new IllegalStateException(
            "no queues or pipes are on the class path; add the artifact io.procpool:procpool-ipc");
      }
      return found.next();
    }
  }
}
