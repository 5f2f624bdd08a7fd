// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

/** What a server says of a wait at a barrier: the number of the party; or one of these; or, as a long, the generation for which it is to run the action. */
public final class BarrierReply {
  /** The barrier is broken. */
  public static final int BROKEN = -1;

  /** Its time is up. */
  public static final int TIME_IS_UP = -2;

  private BarrierReply() {}
}
