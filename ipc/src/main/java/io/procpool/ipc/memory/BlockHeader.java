// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import static io.procpool.ipc.memory.BlockLayout.BYTES_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.GENERATION_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.KIND_OFFSET;
import static io.procpool.ipc.memory.BlockLayout.LIVE;
import static io.procpool.ipc.memory.BlockLayout.STATE_OFFSET;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What a block says about itself. */
final class BlockHeader {
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private BlockHeader() {}

  /** Writes the header of a new block. */
  static void write(ByteBuffer block, BlockName name) {
    block.putInt(KIND_OFFSET, name.kind().hashCode());
    block.putLong(GENERATION_OFFSET, name.generation());
    block.putLong(BYTES_OFFSET, name.bytes());
    INT.setRelease(block, STATE_OFFSET, LIVE);
  }

  static int state(ByteBuffer block) {
    return (int) INT.getVolatile(block, STATE_OFFSET);
  }

  /** Tells whether it is a block of a kind that was not deleted. */
  static boolean isLive(ByteBuffer block, String kind) {
    return state(block) == LIVE && block.getInt(KIND_OFFSET) == kind.hashCode();
  }

  static long generation(ByteBuffer block) {
    return block.getLong(GENERATION_OFFSET);
  }

  static long bytes(ByteBuffer block) {
    return block.getLong(BYTES_OFFSET);
  }

  /** From now on nobody gets hold of the block who does not have it. */
  static void delete(ByteBuffer block) {
    INT.compareAndSet(block, STATE_OFFSET, LIVE, BlockLayout.DELETED);
  }

  /**
   * Checks that this is the block that a name stands for; who asks must hold it.
   *
   * @throws IllegalStateException if it was deleted or is another one
   */
  static void check(ByteBuffer block, BlockName name) {
    if (state(block) != LIVE || generation(block) != name.generation()) {
      throw deleted(name);
    }
    if (block.getInt(KIND_OFFSET) != name.kind().hashCode()
        || block.getLong(BYTES_OFFSET) != name.bytes()) {
      throw new IllegalStateException(name.describe() + " is not what lies at its place");
    }
  }

  static IllegalStateException deleted(BlockName name) {
    return new IllegalStateException(name.describe()
        + " is gone: it was closed by the process that made it, or by the last one that held it");
  }
}
