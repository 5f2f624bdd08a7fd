// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import io.procpool.Shared;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.Shipment;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.spi.SharedBlock;
import java.io.InvalidObjectException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamException;
import java.io.Serializable;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A value in shared memory, encoded, or, where nothing is copied, the value itself. */
public final class SharedCopy<T extends @Nullable Object> implements Shared<T> {
  /*
   * Here.     Who shares a value has it, and an `Origin`, which gives back the memory when the handle is closed, or is unreachable and no payload with it is under way: each payload that
   *           names it holds the origin until it is over.
   * There.    What arrives is resolved to one copy for each process, in `SharedCopies`, which keeps the value until the process that has shared it says that it is not needed any longer. A
   *           handle that is still held then goes on working, as it holds its copy.
   */
  private static final long serialVersionUID = 1;
  private static final String KIND = "shared value";
  private static final int CHUNK_BITS = SharedBlock.PART_BITS;

  private final transient T value;
  private final transient @Nullable Origin origin; // null if nothing is copied
  private transient volatile boolean closed;

  private SharedCopy(T value, @Nullable Origin origin) {
    this.value = value;
    this.origin = origin;
  }

  /**
   * Shares a value with other processes.
   *
   * @param encoded the value, encoded
   * @param forget is told the number of a value that workers need no longer
   */
  public static <T extends @Nullable Object> Shared<T> share(
      T value, PayloadWriter encoded, LongConsumer forget) {
    Shipment shipment = encoded.shipment();
    if (shipment != null) {
      shipment.over();
      throw new IllegalArgumentException(
          "a value to be shared must not hold the end of a pipe or the like, which one process gets; pass it to a task");
    }
    ByteBuffer bytes = encoded.view();
    SharedBlock block = Session.current().allocate(KIND, bytes.remaining());
    for (long at = 0; bytes.hasRemaining(); at += 1L << CHUNK_BITS) {
      int length = (int) Math.min(bytes.remaining(), 1L << CHUNK_BITS);
      block.part(at).duplicate().position(start(block, at)).put(bytes.slice().limit(length));
      bytes.position(bytes.position() + length);
    }
    Origin origin = new Origin(newId(), block, forget);
    SharedCopy<T> made = new SharedCopy<>(value, origin);
    Cleaners.CLEANER.register(made, origin::release);
    return made;
  }

  /** Returns a number that is unlike those of functions, which workers forget by the same message, and those of other processes. */
  private static long newId() {
    return UUID.randomUUID().getMostSignificantBits() >>> 2 | 1L << 62;
  }

  private static int start(SharedBlock block, long at) {
    return (int) at & (1 << CHUNK_BITS) - 1;
  }

  /** Shares a value within this process. */
  public static <T extends @Nullable Object> Shared<T> local(T value) {
    return new SharedCopy<>(value, null);
  }

  @Override
  public T get() {
    if (closed) {
      throw new IllegalStateException("the shared value is closed");
    }
    return value;
  }

  @Override
  public void close() {
    closed = true;
    if (origin != null) {
      origin.close();
    }
  }

  private Object writeReplace() throws ObjectStreamException {
    if (origin == null) {
      throw new NotSerializableException(
          "a value shared in a pool that copies nothing: it cannot be sent to another process");
    }
    origin.block.checkOpen();
    if (Shipment.isRunning()) {
      origin.hold();
      AtomicReference<@Nullable Origin> held = new AtomicReference<>(origin);
      Shipment.add(() -> {
        Origin over = held.getAndSet(null);
        if (over != null) {
          over.release();
        }
      });
    }
    return new Name(origin.id, origin.block);
  }

  private void readObject(ObjectInputStream in) throws InvalidObjectException {
    throw new InvalidObjectException("a shared value is sent as its name");
  }

  @Override
  public String toString() {
    return "Shared[" + (origin == null ? "local" : origin.block) + "]";
  }

  private static final class Cleaners {
    static final Cleaner CLEANER = Cleaner.create();
  }

  /** The memory, as long as somebody may need it. */
  private static final class Origin {
    final long id;
    final SharedBlock block;
    private final LongConsumer forget;
    private final AtomicInteger holds = new AtomicInteger(1); // the handle, and payloads under way

    Origin(long id, SharedBlock block, LongConsumer forget) {
      this.id = id;
      this.block = block;
      this.forget = forget;
    }

    void hold() {
      holds.incrementAndGet();
    }

    void release() {
      if (holds.decrementAndGet() == 0) {
        close();
      }
    }

    void close() {
      boolean open = !block.isClosed();
      block.close();
      if (open) {
        SharedCopies.drop(id);
        forget.accept(id);
      }
    }
  }

  /** What travels. */
  static final class Name implements Serializable {
    private static final long serialVersionUID = 1;

    private final long id;
    private final SharedBlock block;

    Name(long id, SharedBlock block) {
      this.id = id;
      this.block = block;
    }

    private Object readResolve() {
      return SharedCopies.arrived(id, (Block) block);
    }
  }

  /** Decodes what is in a block. */
  static @Nullable Object decode(SharedBlock block, ClassLoader loader)
      throws PayloadFormatException {
    byte[] bytes = new byte[(int) block.bytes()];
    int filled = 0;
    while (filled < bytes.length) {
      int length = Math.min(bytes.length - filled, 1 << CHUNK_BITS);
      block.part(filled).duplicate().position(start(block, filled)).get(bytes, filled, length);
      filled += length;
    }
    return ValueCodec.read(new PayloadReader(ByteBuffer.wrap(bytes)), loader);
  }
}
