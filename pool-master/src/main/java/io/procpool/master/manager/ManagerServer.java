// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.manager.ManagerClient;
import io.procpool.ipc.manager.ServersHere;
import io.procpool.ipc.socket.SocketFile;
import io.procpool.manager.ConnectOptions;
import io.procpool.master.process.SpinThenSelect;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The server of a manager. Safe for use by multiple threads. */
public final class ManagerServer implements AutoCloseable {
  /*
   * Threads. One event loop reads, does what can be done at once, and writes, for all clients: so each operation takes effect at one moment,
   *          and no lock is needed. One more thread signs for TLS, which takes a millisecond for each client. What may run code of users is done elsewhere, one thing at a time for each object (ServedObject).
   * End.     close() ends the listener first, then the connections, which tells the clients, then the threads.
   */
  private static final String TRANSPORT_PROPERTY = "procpool.transport";
  private static final int NAME_BYTES = 8;
  private static final long SIGNER_IDLE_SECONDS = 10;
  private static final long END_MILLIS = 2000;

  private final MultiThreadIoEventLoopGroup group;
  private final ChannelGroup channels;
  private final ObjectTable objects;
  private final boolean epoll;
  private final String name;
  private final byte[] key;
  private final HalfOpen halfOpen;
  private final GuestLog log;
  private final SecureRandom random =
      new SecureRandom(); // which has its descriptor before there are none left
  private final @Nullable ServerTls tls;
  private final ThreadPoolExecutor signers;
  private final @Nullable Store store;
  private @Nullable Channel listener;
  private @Nullable SocketAddress address;
  private @Nullable SocketFile file;

  private ManagerServer(
      String name, byte[] key, ServerSetup setup, @Nullable ServerTls tls, @Nullable Store store) {
    this.name = name;
    this.key = key.clone();
    this.store = store;
    epoll = !"nio".equals(System.getProperty(TRANSPORT_PROPERTY)) && Epoll.isAvailable();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    objects = new ObjectTable(
        name,
        context == null ? ClassLoader.getSystemClassLoader() : context,
        new UserTypes(setup.types()),
        store,
        setup.functionTimeout());
    ServersHere.add(name, objects::find, this::connect);
    log = new GuestLog(name, System::nanoTime);
    halfOpen = new HalfOpen(log);
    this.tls = tls;
    signers = new ThreadPoolExecutor(
        1,
        1,
        SIGNER_IDLE_SECONDS,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(),
        new DefaultThreadFactory("manager-tls-" + name, true));
    signers.allowCoreThreadTimeOut(true);
    group = new MultiThreadIoEventLoopGroup(
        1,
        new DefaultThreadFactory("manager-" + name, true),
        epoll
            ? EpollIoHandler.newFactory(0, SpinThenSelect::new)
            : NioIoHandler.newFactory(SelectorProvider.provider(), SpinThenSelect::new));
    channels = new DefaultChannelGroup(group.next(), true);
  }

  /**
   * Starts a server. What is stored in it has the classes that the calling thread's context class loader finds.
   *
   * @throws IOException if it cannot listen there; the message names the place
   */
  public static ManagerServer start(SocketAddress address, byte[] key) throws IOException {
    return start(address, key, ServerSetup.PLAIN);
  }

  /**
   * Starts a server. What is stored in it has the classes that the calling thread's context class loader finds.
   *
   * @throws IOException if it cannot listen there, or what it is to use cannot be used ({@link StoreException} if that is the store); the message names the place
   */
  public static ManagerServer start(SocketAddress address, byte[] key, ServerSetup setup)
      throws IOException {
    return start(address, key, setup, Store.DISK);
  }

  static ManagerServer start(
      SocketAddress address, byte[] key, ServerSetup setup, StoreFile.Disk disk)
      throws IOException {
    ServerTls tls = setup.tls(address);
    StoreOptions kept = setup.kept();
    Store store = kept == null ? null : open(kept, disk);
    ManagerServer server =
        new ManagerServer(store == null ? newName() : store.server(), key, setup, tls, store);
    boolean started = false;
    try {
      if (store != null) {
        server.load(store);
      }
      server.listen(address, tls == null ? key.clone() : tls.boundKey(key));
      started = true;
      return server;
    } finally {
      if (!started) {
        server.close();
      }
    }
  }

  /** Connects to itself, for functions that use handles. */
  private ManagerClient connect() throws IOException, InterruptedException {
    ConnectOptions.Builder options = ConnectOptions.builder();
    fingerprint().ifPresent(options::fingerprint);
    return ManagerClient.connect(address(), key, options.build());
  }

  private static Store open(StoreOptions kept, StoreFile.Disk disk) throws StoreException {
    try {
      return Store.open(kept, newName(), disk);
    } catch (IOException e) {
      throw failed(kept.directory(), e);
    }
  }

  private void load(Store from) throws StoreException {
    try {
      objects.load(from);
      from.start(group.next(), objects);
    } catch (IOException e) {
      throw failed(from.directory(), e);
    }
  }

  private static StoreException failed(Path directory, IOException e) {
    String why = e instanceof FileSystemException ? e.toString() : String.valueOf(e.getMessage());
    return new StoreException("the store " + directory + " cannot be used: " + why, e);
  }

  private static String newName() {
    byte[] random = new byte[NAME_BYTES];
    System.arraycopy(Handshake.newNonce(), 0, random, 0, NAME_BYTES);
    return HexFormat.of().formatHex(random);
  }

  private void listen(SocketAddress wanted, byte[] key) throws IOException {
    UnixDomainSocketAddress socket = wanted instanceof UnixDomainSocketAddress unix ? unix : null;
    ServerBootstrap bootstrap = new ServerBootstrap()
        .group(group)
        .channel(channelType(socket != null))
        .option(ChannelOption.SO_BACKLOG, HalfOpen.MOST)
        .handler(new AcceptPause(halfOpen, log))
        .childHandler(new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            channels.add(channel);
            if (tls != null) {
              channel.pipeline().addLast(new TlsFirst(), tls.newHandler(channel.alloc(), signers));
            }
            channel
                .pipeline()
                .addLast(new ManagerHandshake(
                    key, random(Handshake.NONCE_BYTES), halfOpen, log, ManagerServer.this::admit));
          }
        });
    SocketAddress bound =
        socket != null && epoll ? new DomainSocketAddress(socket.getPath().toFile()) : wanted;
    try {
      if (socket != null) {
        SocketFile.makeRoom(socket); // a server that was killed has left its own
      }
      listener = bootstrap.bind(bound).syncUninterruptibly().channel();
    } catch (Exception e) {
      throw new IOException("a manager cannot listen at " + wanted + ": " + e.getMessage(), e);
    }
    if (socket == null) {
      address = asWanted((InetSocketAddress) wanted, (InetSocketAddress) listener.localAddress());
    } else {
      address = wanted;
      file = SocketFile.made(socket);
    }
  }

  /** Leaves "all addresses" as it was written, for people. */
  private static SocketAddress asWanted(InetSocketAddress wanted, InetSocketAddress bound) {
    return wanted.getAddress().isAnyLocalAddress()
        ? new InetSocketAddress(wanted.getAddress(), bound.getPort())
        : bound;
  }

  private byte[] random(int bytes) {
    byte[] made = new byte[bytes];
    random.nextBytes(made);
    return made;
  }

  private Class<? extends ServerChannel> channelType(boolean unix) {
    if (epoll) {
      return unix ? EpollServerDomainSocketChannel.class : EpollServerSocketChannel.class;
    }
    return unix ? NioServerDomainSocketChannel.class : NioServerSocketChannel.class;
  }

  private void admit(ChannelHandlerContext context) {
    context.pipeline().addLast(new ClientHandler(name, objects, log));
  }

  /** Returns where it listens. */
  public SocketAddress address() {
    SocketAddress listening = address;
    if (listening == null) {
      throw new IllegalStateException("the manager does not listen");
    }
    return listening;
  }

  /** Returns the fingerprint of its certificate; nothing without TLS. */
  public Optional<String> fingerprint() {
    return Optional.ofNullable(tls).map(ServerTls::fingerprint);
  }

  /** Ends it. Waits for the event loop, for 2 seconds at most. */
  @Override
  public void close() {
    if (listener != null) {
      listener.close().awaitUninterruptibly(END_MILLIS);
    }
    objects.beginToEnd();
    channels.close().awaitUninterruptibly(END_MILLIS);
    ServersHere.remove(name);
    objects.close();
    if (store != null) {
      group.next().submit(store::close).awaitUninterruptibly(END_MILLIS);
    }
    group.shutdownGracefully(0, END_MILLIS, TimeUnit.MILLISECONDS).awaitUninterruptibly(END_MILLIS);
    signers.shutdownNow();
    if (file != null) {
      file.delete();
    }
  }
}
