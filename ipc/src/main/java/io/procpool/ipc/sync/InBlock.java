// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import io.procpool.spi.SharedBlock;
import java.io.Serializable;

/** What has a block of its own: it is closed with it, and two handles of it are equal. */
abstract class InBlock implements Serializable {
  private static final long serialVersionUID = 1;

  /** The block, which alone is sent to other processes, with what the implementation adds. */
  protected final SharedBlock block;

  InBlock(SharedBlock block) {
    this.block = block;
  }

  /** Ends the use of this handle. */
  public void close() {
    block.close();
  }

  /** Tells whether two handles are the same thing. */
  @Override
  public final boolean equals(Object other) {
    return other != null && other.getClass() == getClass() && ((InBlock) other).block.equals(block);
  }

  @Override
  public final int hashCode() {
    return block.hashCode();
  }
}
