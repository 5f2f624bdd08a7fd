// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.memory;

import io.procpool.spi.SharedBlock;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One handle of a block in this process. Safe for use by multiple threads. */
public final class Block extends SharedBlock {
  /*
   * Life.    A handle holds the block from when it is made until it is closed or collected. Closing the handle that made the
   *          block deletes it, and so does closing another one that is the last to hold it, in any process: from then on
   *          nobody can get hold of it who has not yet, and the last one to let go gives the memory back. A process that
   *          ends lets go of all it holds, whatever it dies of. What is let go without being closed is kept, because its
   *          name may be on the way to somebody; it goes with the session.
   * Access.  The memory stays mapped, so that a thread that is inside while another closes the handle does no harm to this
   *          process; and an arena gives memory to another block only after a while, so that it does none there.
   */
  private static final long serialVersionUID = 1;
  private static final Cleaner CLEANER = Cleaner.create();

  private final transient BlockName name;
  private final transient boolean maker;
  private final transient Release release;
  private final transient Cleaner.Cleanable cleanable;

  /** This process's use of a block. */
  interface Holding {
    /** Sees to it that nobody else gets hold of the block. */
    void delete();

    /** Returns the files that belong to the block, which must be a small one. */
    BlockFiles files();

    /** Sees to it that the memory becomes no other block's while this process lives. */
    void pin();

    /**
     * Ends the use by one handle. If nobody holds the block any more, gives the memory back if the block is deleted.
     *
     * @param closed whether to delete it in that case
     */
    void release(boolean closed);
  }

  /** What is left to do when a handle has gone; it does not refer to that. */
  private static final class Release implements Runnable {
    private final Holding holding;
    private volatile boolean closed;
    private volatile @Nullable BooleanSupplier isOver;

    Release(Holding holding) {
      this.holding = holding;
    }

    @Override
    public void run() {
      BooleanSupplier over = isOver;
      holding.release(closed || over != null && over.getAsBoolean());
    }
  }

  Block(BlockName name, Holding holding, ByteBuffer[] parts, boolean maker) {
    super(parts, name.bytes());
    this.name = name;
    this.maker = maker;
    this.release = new Release(holding);
    this.cleanable = CLEANER.register(this, release);
  }

  @Override
  public void pin() {
    checkOpen();
    release.holding.pin();
  }

  @Override
  public void close() {
    if (isClosed()) {
      return; // the memory may be another block's by now
    }
    markClosed();
    release.closed = true;
    if (maker) {
      release.holding.delete();
    }
    cleanable.clean();
  }

  /** Ends the use by this handle, even if it made the block, and leaves the block to those who have it or will have it. */
  public void letGo() {
    if (!isClosed()) {
      markClosed();
      cleanable.clean();
    }
  }

  /**
   * Ends the use by this handle and deletes the block, whoever made it, with its files: for who knows that nobody will use it any more,
   * though some still have handles. It must be a small one.
   */
  public void delete() {
    if (!isClosed()) {
      release.holding.delete();
      release.holding.files().deleteAll();
      close();
    }
  }

  /**
   * Says that the block is to go with the last handle, if something is so when that is collected.
   *
   * @param isOver does not refer to this handle
   */
  public void goesWithLastHandle(BooleanSupplier isOver) {
    release.isOver = isOver;
  }

  /** Returns another handle of the block in this process. */
  public Block another() {
    checkOpen();
    return Session.current().attach((BlockHandle) name);
  }

  /** Returns the files that belong to this block, which must be a small one of the session. */
  public BlockFiles files() {
    return release.holding.files();
  }

  @Override
  protected String describe() {
    return name.describe();
  }

  BlockName name() {
    return name;
  }

  private Object writeReplace() {
    checkOpen();
    return name;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Block block && block.name.equals(name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }
}
