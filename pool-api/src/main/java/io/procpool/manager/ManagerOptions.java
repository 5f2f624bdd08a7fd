// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How the server of a {@link Manager} is started. Made with {@link #builder()}; immutable; safe for use by multiple threads. */
public final class ManagerOptions {
  /** The fewest bytes that a key has. */
  public static final int MIN_KEY_BYTES = 16;

  private final @Nullable SocketAddress address;
  private final byte @Nullable [] key;
  private final boolean hosted;
  private final List<ManagedType<?>> types;

  private ManagerOptions(Builder from) {
    this.address = from.address;
    this.key = from.key;
    this.hosted = from.hosted;
    this.types = List.copyOf(from.types.values());
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

  /** Returns the types of the user's own, in the order in which they were registered. */
  public List<ManagedType<?>> types() {
    return types;
  }

  @Override
  public String toString() {
    return "ManagerOptions[address=" + (address == null ? "of its own" : address)
        + (hosted ? ", hosted]" : "]"); // not the key
  }

  /** Collects options; a bad argument fails in the setter. Not safe for use by multiple threads. */
  public static final class Builder {
    private @Nullable SocketAddress address;
    private byte @Nullable [] key;
    private boolean hosted;
    private final Map<String, ManagedType<?>> types = new LinkedHashMap<>();

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

    /** Returns the options. */
    public ManagerOptions build() {
      return new ManagerOptions(this);
    }
  }
}
