// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import java.io.Serializable;

/** What is sent to another process in place of a block, and becomes a handle of the same block there. */
interface BlockName extends Serializable {
  /** Returns what the block holds, such as {@code SharedInt}. */
  String kind();

  /** Returns which of the blocks that have been at its place it is. */
  long generation();

  /** Returns the block's size, without header. */
  long bytes();

  /** Returns what it is, for messages. */
  String describe();
}
