// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How the server of a {@link Manager} is started. Made with {@link #builder()}; immutable; safe for use by multiple threads. */
public final class ManagerOptions {
  /** The fewest bytes that a key has. */
  public static final int MIN_KEY_BYTES = 16;

  private final @Nullable SocketAddress address;
  private final byte @Nullable [] key;
  private final boolean hosted;
  private final @Nullable Path store;
  private final boolean storeSync;

  private ManagerOptions(Builder from) {
    this.address = from.address;
    this.key = from.key;
    this.hosted = from.hosted;
    this.store = from.store;
    this.storeSync = from.storeSync;
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

  /** Returns the directory in which the server keeps what it has; nothing if it forgets it at its end. */
  public Optional<Path> store() {
    return Optional.ofNullable(store);
  }

  /** Tells whether what was acknowledged survives loss of power, too. */
  public boolean isStoreSync() {
    return storeSync;
  }

  @Override
  public String toString() {
    return "ManagerOptions[address=" + (address == null ? "of its own" : address)
        + (hosted ? ", hosted" : "")
        + (store == null ? "" : ", store=" + store + (storeSync ? ", storeSync" : ""))
        + "]"; // not the key
  }

  /** Collects options; a bad argument fails in the setter. Not safe for use by multiple threads. */
  public static final class Builder {
    private @Nullable SocketAddress address;
    private byte @Nullable [] key;
    private boolean hosted;
    private @Nullable Path store;
    private boolean storeSync;

    private Builder() {}

    /**
     * Sets where the server listens: a {@link UnixDomainSocketAddress}, or an {@link InetSocketAddress} of the loopback interface, port 0 for a free one. Others are
     * refused, because what is sent is not encrypted.
     */
    public Builder address(SocketAddress address) {
      if (address instanceof InetSocketAddress inet) {
        if (inet.isUnresolved() || !inet.getAddress().isLoopbackAddress()) {
          throw new IllegalArgumentException("address: " + address
              + " (expected: an address of the loopback interface, such as 127.0.0.1)");
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
     * Sets the directory in which the server keeps what it has; made if there is none. A server that is started with it again, after whatever end,
     * {@code kill -9} too, has all that was acknowledged to any client, and its old handles are valid again once a process has connected; what was not
     * acknowledged is there entirely or not at all. Without this, which is the default, everything ends with the server.
     *
     * <p>Objects with a name are kept, and those without one that are in one of them, directly or not, until the server starts the next time; others
     * without a name end with the server. Who waits at a queue is not kept, and what was taken from one counts as dealt with ({@link ManagedQueue#taskDone}).
     * Elements of queues are kept as they are; what is in all other objects must be of classes that the next server finds, too.
     *
     * <p>One server at a time can use a directory; another one is refused. So is a directory that is damaged: the message names file and place. While
     * the directory cannot be written, such as when the disk is full, changes fail with a {@link ManagerException}, and reading goes on.
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
     * Returns the options.
     *
     * @throws IllegalArgumentException if {@code storeSync} is set without a store
     */
    public ManagerOptions build() {
      if (storeSync && store == null) {
        throw new IllegalArgumentException(
            "storeSync is set, but there is no store; set store(directory), too");
      }
      return new ManagerOptions(this);
    }
  }
}
