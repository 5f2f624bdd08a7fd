// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import io.procpool.Awaitable;
import io.procpool.channel.Connection;
import io.procpool.channel.ConnectionListener;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueOptions;
import io.procpool.ipc.socket.SocketConnection;
import io.procpool.ipc.socket.SocketListener;
import io.procpool.ipc.sync.Actor;
import io.procpool.spi.Channels;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** Queues and pipes in the shared memory of this process's session, and connections over sockets. */
public final class MappedChannels implements Channels {
  @Override
  public <E> ProcessQueue<E> queue(QueueOptions options) {
    Actor.join();
    return MappedQueue.create(options);
  }

  @Override
  public Pipe pipe(boolean duplex, int capacityBytes) {
    Actor.join();
    return PipeConnection.create(duplex, capacityBytes);
  }

  @Override
  public ConnectionListener listen(SocketAddress address, byte[] key, int backlog)
      throws IOException {
    return SocketListener.listen(address, key, backlog);
  }

  @Override
  public Connection connect(SocketAddress address, byte[] key, Duration timeout)
      throws IOException, InterruptedException {
    return SocketConnection.connect(address, key, timeout);
  }

  @Override
  public <T extends Awaitable> List<T> awaitReady(Collection<? extends T> things, Duration timeout)
      throws InterruptedException {
    return Readiness.awaitReady(things, timeout);
  }
}
