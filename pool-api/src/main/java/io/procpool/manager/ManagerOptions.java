// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How the server of a {@link Manager} is started. Made with {@link #builder()}; immutable; safe for use by multiple threads. */
public final class ManagerOptions {
  /** The fewest bytes that a key has. */
  public static final int MIN_KEY_BYTES = 16;

  private static final Duration MAX_FUNCTION_TIMEOUT = Duration.ofDays(36500);

  private final @Nullable SocketAddress address;
  private final byte @Nullable [] key;
  private final boolean hosted;
  private final boolean tls;
  private final @Nullable Path keyStore;
  private final char @Nullable [] keyStorePassword;
  private final List<ManagedType<?>> types;
  private final @Nullable Path store;
  private final boolean storeSync;
  private final Duration functionTimeout;

  private ManagerOptions(Builder from, boolean tls) {
    this.address = from.address;
    this.key = from.key;
    this.hosted = from.hosted;
    this.tls = tls;
    this.keyStore = from.keyStore;
    this.keyStorePassword = from.keyStorePassword;
    this.types = List.copyOf(from.types.values());
    this.store = from.store;
    this.storeSync = from.storeSync;
    this.functionTimeout = from.functionTimeout;
  }

  /** Returns a builder with all defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns where the server is to listen; nothing if it finds a place itself. */
  public Optional<SocketAddress> address() {
    return Optional.ofNullable(address);
  }

  /** Returns a copy of the key; nothing if one is to be made. */
  public Optional<byte[]> key() {
    return Optional.ofNullable(key).map(byte[]::clone);
  }

  /** Tells whether the server is in this JVM. */
  public boolean isHosted() {
    return hosted;
  }

  /** Tells whether the server uses TLS. */
  public boolean isTls() {
    return tls;
  }

  /** Returns the file with the server's certificate and its private key; nothing if a certificate is to be made. */
  public Optional<Path> keyStore() {
    return Optional.ofNullable(keyStore);
  }

  /** Returns a copy of the key store's password. */
  public Optional<char[]> keyStorePassword() {
    return Optional.ofNullable(keyStorePassword).map(char[]::clone);
  }

  /** Returns the types of the user's own, in the order in which they were registered. */
  public List<ManagedType<?>> types() {
    return types;
  }

  /** Returns the directory in which the server keeps what it has; nothing if it forgets it at its end. */
  public Optional<Path> store() {
    return Optional.ofNullable(store);
  }

  /** Tells whether what was acknowledged survives loss of power, too. */
  public boolean isStoreSync() {
    return storeSync;
  }

  /** Returns how long a function may run on the server; zero if there is no limit. */
  public Duration functionTimeout() {
    return functionTimeout;
  }

  @Override
  public String toString() {
    return "ManagerOptions[address=" + (address == null ? "of its own" : address)
        + (tls ? ", tls" : "")
        + (keyStore == null ? "" : ", keyStore=" + keyStore)
        + (hosted ? ", hosted" : "")
        + (store == null ? "" : ", store=" + store + (storeSync ? ", storeSync" : ""))
        + (functionTimeout.isZero() ? "" : ", functionTimeout=" + functionTimeout)
        + "]"; // not the key
  }

  /** Collects options; a bad argument fails in the setter, a bad combination in {@link #build()}. Not safe for use by multiple threads. */
  public static final class Builder {
    private @Nullable SocketAddress address;
    private byte @Nullable [] key;
    private boolean hosted;
    private @Nullable Boolean tls;
    private @Nullable Path keyStore;
    private char @Nullable [] keyStorePassword;
    private final Map<String, ManagedType<?>> types = new LinkedHashMap<>();
    private @Nullable Path store;
    private boolean storeSync;
    private Duration functionTimeout = Duration.ZERO;

    private Builder() {}

    /**
     * Sets where the server listens: a {@link UnixDomainSocketAddress}, or an {@link InetSocketAddress}, port 0 for a free one. Beyond the loopback interface TLS is
     * used.
     */
    public Builder address(SocketAddress address) {
      if (address instanceof InetSocketAddress inet) {
        if (inet.isUnresolved()) {
          throw new IllegalArgumentException(
              "address: " + address + " (expected: a host that is known, such as 127.0.0.1)");
        }
      } else if (!(address instanceof UnixDomainSocketAddress)) {
        throw new IllegalArgumentException(
            "address: " + address + " (expected: UnixDomainSocketAddress or InetSocketAddress)");
      }
      this.address = address;
      return this;
    }

    /** Sets the key that clients must have, {@value ManagerOptions#MIN_KEY_BYTES} bytes or more; it is copied. Without this a random one is made, for the processes of this session. */
    public Builder key(byte[] key) {
      if (key.length < MIN_KEY_BYTES) {
        throw new IllegalArgumentException(
            "key: " + key.length + " bytes (expected: " + MIN_KEY_BYTES + " or more)");
      }
      this.key = key.clone();
      return this;
    }

    /** Sets whether the server is in this JVM and not one of its own: it starts at once, and its work is done by a thread here. */
    public Builder hosted(boolean hosted) {
      this.hosted = hosted;
      return this;
    }

    /**
     * Registers a type, so that clients can ask for an object of it by {@link Manager#object(String, Class)}. The factory is sent to the server, unless that is
     * hosted here.
     *
     * @param name what they ask for
     * @param interfaceType what they can do with it
     * @param factory makes one; what it captures must be serializable
     */
    public <T> Builder register(
        String name, Class<T> interfaceType, ServerFunctions.Factory<? extends T> factory) {
      if (types.putIfAbsent(name, new ManagedType<>(name, interfaceType, factory)) != null) {
        throw new IllegalArgumentException(
            "name: \"" + name + "\" (expected: one that is not registered yet)");
      }
      return this;
    }

    /**
     * Sets whether what is sent is encrypted, with TLS 1.3. Without this it is beyond the loopback interface, and if there is a key store; on the loopback interface it costs time, and protects from
     * who may look at its traffic only. Clients have to do as the server does; see {@link ConnectOptions}.
     */
    public Builder tls(boolean tls) {
      this.tls = tls;
      return this;
    }

    /**
     * Sets the file with the server's certificate, and those that signed it, and its private key. Without this a certificate is made when the server starts, another one each time, signed by itself: {@link
     * Manager#fingerprint()} tells clients which.
     *
     * @param file a key store of the format PKCS 12 or JKS, with one private key; it is read when the server starts
     * @param password the password of the file and of the key; it is copied
     */
    public Builder keyStore(Path file, char[] password) {
      this.keyStore = file.toAbsolutePath();
      this.keyStorePassword = password.clone();
      return this;
    }

    /**
     * Sets the directory in which the server keeps what it has; made if there is none. A server that is started with it again, after whatever end,
     * {@code kill -9} too, has all that was acknowledged to any client, and its old handles are valid again once a process has connected; what was not
     * acknowledged is there entirely or not at all. Without this, which is the default, everything ends with the server.
     *
     * <p>Objects with a name are kept, and those without one that are in one of them, directly or not, until the server starts the next time; others
     * without a name end with the server. Who waits at a queue is not kept, and what was taken from one counts as dealt with ({@link ManagedQueue#taskDone}).
     * Elements of queues are kept as they are; what is in all other objects must be of classes that the next server finds, too.
     *
     * <p>At a restart all clients count as dead. An event is set or not, and a latch has its count. A lock is free; if somebody had it, whoever gets it first
     * is told ({@link io.procpool.sync.ProcessLock#deadOwner()}), and fencing tokens go on. A semaphore has as many permits as if all processes that had some had died ({@link
     * Manager#semaphore(int)}). Barriers come back whole and without anybody, and pools without tasks, as they were made. Who listens to changes has to do so again.
     *
     * <p>An object of a type of the user's own, and what its methods have returned by {@link ByProxy}, must be {@link java.io.Serializable}, and work when it was rebuilt. It is serialized as a
     * whole after each call, and written if it is not what it was: that takes time for large ones, and its last state is kept in memory, too; large content is better off in a {@link ManagedMap} or the like, whose
     * proxy can be in the object. Calls with any of those that belong together are done one at a time. What is changed in such an object outside of calls is written with the next one, and what two of them share they do not share after a restart. A change that cannot be serialized is undone. One that is not serializable is
     * refused when it is made, unless it is marked with {@link NotKept}; then it comes back as its factory makes it.
     *
     * <p>One server at a time can use a directory; another one is refused. So is a directory that is damaged: the message names file and place. While
     * the directory cannot be written, such as when the disk is full, changes fail with a {@link ManagerException}, and so does every call of an object of a user's type, which may be one; reading goes on.
     */
    public Builder store(Path directory) {
      this.store = Objects.requireNonNull(directory, "directory");
      return this;
    }

    /** Sets whether a change is acknowledged only when the disk has it, so that it survives loss of power, too: that takes milliseconds. Off by default: it survives the end of the server, however that comes, while the system goes on. */
    public Builder storeSync(boolean storeSync) {
      this.storeSync = storeSync;
      return this;
    }

    /**
     * Sets how long what clients call may run on the server where it is code of theirs: functions that are given to methods, methods and factories of objects of their own, comparators,
     * and {@code equals}, {@code hashCode} and the like of their classes. Zero, which is the default, means that there is no limit: one that does not end holds up its object, and nothing else, until the
     * server ends.
     *
     * <p>When the time is over the caller gets a {@link FunctionTimeoutException}, which says what is still changed and what is not, and the function's thread is interrupted, also if its caller is gone. Until it ends
     * the object is busy; a second later who waits for it gets such an exception, too.
     *
     * <p>The time is that of one call, from when it begins; it includes what the call waits for, such as other objects. Set it above the longest that any method of an object of your own may take.
     *
     * @param functionTimeout at most 36500 days
     */
    public Builder functionTimeout(Duration functionTimeout) {
      if (functionTimeout.isNegative() || functionTimeout.compareTo(MAX_FUNCTION_TIMEOUT) > 0) {
        throw new IllegalArgumentException("functionTimeout: " + functionTimeout
            + " (expected: zero for no limit, else at most " + MAX_FUNCTION_TIMEOUT.toDays()
            + " days)");
      }
      this.functionTimeout = functionTimeout;
      return this;
    }

    /**
     * Returns the options.
     *
     * @throws IllegalArgumentException if TLS is not to be used, but has to be, or the other way around; or {@code storeSync} is set without a store
     */
    public ManagerOptions build() {
      boolean beyond =
          address instanceof InetSocketAddress inet && !inet.getAddress().isLoopbackAddress();
      if (Boolean.FALSE.equals(tls) && beyond) {
        throw new IllegalArgumentException("tls=false, but " + address
            + " is beyond the loopback interface, where managers always use TLS");
      }
      if (Boolean.FALSE.equals(tls) && keyStore != null) {
        throw new IllegalArgumentException("tls=false with a key store; leave one of the two out");
      }
      boolean used = tls == null ? beyond || keyStore != null : tls;
      if (used && !(address instanceof InetSocketAddress)) {
        throw new IllegalArgumentException((keyStore == null ? "tls=true" : "a key store") + " at "
            + (address == null ? "a place of the server's own" : address)
            + " (expected: an InetSocketAddress; Unix domain sockets have no TLS)");
      }
      if (storeSync && store == null) {
        throw new IllegalArgumentException(
            "storeSync is set, but there is no store; set store(directory), too");
      }
      return new ManagerOptions(this, used);
    }
  }
}
