// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SelectStrategy;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The master's end of the connections: one event loop and one listening domain socket for a pool. */
final class MasterTransport {
  /** Forces the portable transport where the native one is there: {@code -Dprocpool.transport=nio}. */
  static final String TRANSPORT_PROPERTY = "procpool.transport";

  private static final int LARGEST_READ = 1 << 20;

  private final MultiThreadIoEventLoopGroup group;
  private final EventLoop loop;
  private final RingWatch rings = new RingWatch();
  private final boolean epoll;
  private @Nullable Channel listener;

  MasterTransport(String pool) {
    epoll = !"nio".equals(System.getProperty(TRANSPORT_PROPERTY)) && Epoll.isAvailable();
    IoHandlerFactory handlers = epoll
        ? EpollIoHandler.newFactory(0, this::strategy)
        : NioIoHandler.newFactory(SelectorProvider.provider(), this::strategy);
    group = new MultiThreadIoEventLoopGroup(
        1, new DefaultThreadFactory(pool + "-loop", true), handlers);
    loop = group.next();
  }

  private SelectStrategy strategy() {
    return new SpinThenSelect(rings, !epoll);
  }

  /** Returns the rings that the loop reads. */
  RingWatch rings() {
    return rings;
  }

  EventLoop loop() {
    return loop;
  }

  /** Listens on a socket that only this user can open. */
  void listen(Path socket, Supplier<HandshakeHandler> handlers) throws IOException {
    Class<? extends ServerChannel> type =
        epoll ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
    SocketAddress address =
        epoll ? new DomainSocketAddress(socket.toFile()) : UnixDomainSocketAddress.of(socket);
    ServerBootstrap bootstrap = new ServerBootstrap()
        .group(group)
        .channel(type)
        .childOption(
            ChannelOption.AUTO_CLOSE, false) // of a failed write: there may be more to read
        .childOption(
            ChannelOption.RECVBUF_ALLOCATOR,
            new AdaptiveRecvByteBufAllocator(4096, 16 * 1024, LARGEST_READ))
        .childHandler(new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            channel.pipeline().addLast(handlers.get());
          }
        });
    try {
      listener = bootstrap.bind(address).syncUninterruptibly().channel();
    } catch (Exception e) {
      throw new IOException(
          "cannot listen on the domain socket " + socket + ": " + e.getMessage(), e);
    }
    if (Files.getFileStore(socket).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    }
  }

  /** Closes everything; does not wait for the loop's thread. */
  void close() {
    if (listener != null) {
      listener.close();
    }
    group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
