// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import static io.procpool.ipc.channel.RingLayout.ACCOUNT;
import static io.procpool.ipc.channel.RingLayout.COUNT_MASK;
import static io.procpool.ipc.channel.RingLayout.DONE;
import static io.procpool.ipc.channel.RingLayout.FLAGS;
import static io.procpool.ipc.channel.RingLayout.JOINERS_SLEEP;
import static io.procpool.ipc.channel.RingLayout.MOST_TAKERS;
import static io.procpool.ipc.channel.RingLayout.RING_BYTES;
import static io.procpool.ipc.channel.RingLayout.TAKERS;
import static io.procpool.ipc.channel.RingLayout.USED;

import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueClosedException;
import io.procpool.channel.QueueOptions;
import io.procpool.ipc.memory.Block;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.ipc.sync.Account;
import io.procpool.ipc.sync.Actor;
import io.procpool.ipc.sync.Waiting;
import io.procpool.ipc.sync.WordWaiter;
import io.procpool.ipc.sync.Words;
import io.procpool.spi.SharedBlock;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.AbstractQueue;
import java.util.Collection;
import java.util.Iterator;
import java.util.Objects;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A queue that is one ring in a block of its own. */
final class MappedQueue<E> extends AbstractQueue<E> implements ProcessQueue<E>, ReadySource {
  /*
   * Life.  close() closes the ring. The block of a closed one goes with the last handle that is collected; before that a
   *        handle may be on its way to somebody.
   * Done.  What a process has taken and not done is in the account, so that a join can tell when it will never be done. It is counted
   *        there before it is taken: a process killed in between counts for one too much, which a join may report, rather
   *        than wait for ever.
   */
  private static final long serialVersionUID = 1;
  static final String KIND = "ProcessQueue";
  private static final int JOINABLE = 1;

  private final SharedBlock block;
  private final transient ByteBuffer memory;
  private final transient Ring ring;
  private final transient @Nullable Account taken; // guarded by the takers' lock

  private MappedQueue(SharedBlock block) {
    this.block = block;
    this.memory = block.part(0);
    ByteBuffer shared = memory;
    ((Block) block).goesWithLastHandle(() -> Ring.isClosed(shared, 0));
    this.ring = new Ring("a " + KIND, (Block) block, 0, new Ends());
    this.taken = (memory.getInt(RING_BYTES + FLAGS) & JOINABLE) == 0
        ? null
        : new Account(memory, RING_BYTES + ACCOUNT, MOST_TAKERS, RING_BYTES + USED);
  }

  static <E> MappedQueue<E> create(QueueOptions options) {
    Abandoned.giveBackNowAndThen();
    int account = options.joinable() ? Account.bytes(MOST_TAKERS) : 0;
    SharedBlock block = new MappedStore().allocate(KIND, RING_BYTES + ACCOUNT + account);
    ByteBuffer memory = block.part(0);
    Ring.format(memory, 0, options.capacity(), options.capacityBytes());
    memory.putInt(RING_BYTES + FLAGS, options.joinable() ? JOINABLE : 0);
    return new MappedQueue<>(block);
  }

  private Object readResolve() {
    return new MappedQueue<E>(block);
  }

  // Putting.

  @Override
  public void put(E element) throws InterruptedException {
    if (!put(element, Waiting.FOREVER)) {
      throw new AssertionError("a wait without end has ended");
    }
  }

  @Override
  public boolean offer(E element, long timeout, TimeUnit unit) throws InterruptedException {
    return put(element, unit.toNanos(timeout));
  }

  @Override
  public boolean offer(E element) {
    try {
      return put(element, Ring.TRY);
    } catch (InterruptedException e) {
      throw new AssertionError("who only tries is not interrupted", e);
    }
  }

  private boolean put(E element, long nanos) throws InterruptedException {
    return isPut(ring.send(Objects.requireNonNull(element, "element"), nanos));
  }

  private boolean isPut(Ring.Result result) {
    if (result == Ring.Result.ENDED) {
      throw new QueueClosedException(this + " is closed; nothing more can be put");
    }
    return result == Ring.Result.DONE;
  }

  // Taking.

  @Override
  public E take() throws InterruptedException {
    Receiver receiver = new Receiver(true);
    if (isTaken(ring.take(receiver, Waiting.FOREVER))) {
      return element(receiver);
    }
    throw new QueueClosedException(this + " is closed, and all has been taken");
  }

  @Override
  public @Nullable E poll(long timeout, TimeUnit unit) throws InterruptedException {
    Receiver receiver = new Receiver(true);
    return isTaken(ring.take(receiver, unit.toNanos(timeout))) ? element(receiver) : null;
  }

  @Override
  public @Nullable E poll() {
    Receiver receiver = new Receiver(true);
    return isTaken(ring.tryTake(receiver)) ? element(receiver) : null;
  }

  @Override
  public @Nullable E peek() {
    Receiver receiver = new Receiver(false);
    return isTaken(ring.tryTake(receiver)) ? element(receiver) : null;
  }

  private boolean isTaken(Ring.Result result) {
    return result == Ring.Result.DONE;
  }

  @SuppressWarnings("unchecked") // as generic collections are
  private E element(Receiver receiver) {
    return (E) Objects.requireNonNull(receiver.message());
  }

  @Override
  public int drainTo(Collection<? super E> target) {
    return drainTo(target, Integer.MAX_VALUE);
  }

  @Override
  public int drainTo(Collection<? super E> target, int maxElements) {
    Objects.requireNonNull(target, "target");
    if (target.equals(this)) {
      throw new IllegalArgumentException("a queue cannot be drained to itself");
    }
    int most = Math.min(size(), maxElements);
    for (int i = 0; i < most; i++) {
      E element = poll();
      if (element == null) {
        return i;
      }
      target.add(element);
    }
    return Math.max(0, most);
  }

  @Override
  public void clear() {
    while (ring.tryTake((kind, message) -> true) == Ring.Result.DONE) {
      // as long as there is something
    }
  }

  // Looking.

  @Override
  public int size() {
    return ring.size();
  }

  @Override
  public long sizeBytes() {
    return ring.sizeBytes();
  }

  @Override
  public int remainingCapacity() {
    return ring.capacity() - size();
  }

  @Override
  public QueueOptions options() {
    return QueueOptions.builder()
        .capacity(ring.capacity())
        .capacityBytes(ring.capacityBytes())
        .joinable(taken != null)
        .build();
  }

  @Override
  public Iterator<E> iterator() {
    Iterator<Ring.Copy> copies = ring.copies().iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return copies.hasNext();
      }

      @Override
      @SuppressWarnings("unchecked") // as generic collections are
      public E next() {
        Ring.Copy copy = copies.next();
        return (E) Objects.requireNonNull(Messages.decodeCopy(copy.kind(), copy.message()));
      }

      @Override
      public void remove() {
        throw new UnsupportedOperationException(
            "nothing can be taken out of the middle of a ProcessQueue; take() takes the first element");
      }
    };
  }

  @Override
  public Spliterator<E> spliterator() {
    return Spliterators.spliteratorUnknownSize(
        iterator(), Spliterator.ORDERED | Spliterator.NONNULL);
  }

  @Override
  public boolean remove(Object element) {
    throw new UnsupportedOperationException(
        "nothing can be taken out of the middle of a ProcessQueue; take() takes the first element");
  }

  // Done.

  private Account account() {
    if (taken == null) {
      throw new IllegalStateException(
          this + " is not joinable; make it with QueueOptions.builder().joinable(true)");
    }
    return taken;
  }

  /** What the ring asks its queue. A handle of a queue is open as long as it can be reached. */
  private final class Ends implements Ring.Ends {
    @Override
    public boolean isWithoutPutters() {
      return false; // there can always be another one, until the ring is closed
    }

    @Override
    public boolean isWithoutTakers() {
      return false;
    }

    @Override
    public boolean isClosed() {
      return false;
    }

    @Override
    public void checkOpen() {}

    @Override
    public void taking() {
      if (taken != null && !taken.add(Actor.processId(), 1)) {
        throw new IllegalStateException("more than " + MOST_TAKERS
            + " processes have taken elements of this queue and not said taskDone()");
      }
    }
  }

  private int undone() {
    return ring.putCount() - (int) Words.INT.getVolatile(memory, TAKERS + DONE) & COUNT_MASK;
  }

  @Override
  public void taskDone() {
    Account account = account();
    boolean[] all = new boolean[1];
    ring.withTakersLock(() -> {
      if (account.of(Actor.processId()) == 0) {
        throw new IllegalStateException(
            "taskDone() has been called for every element that this process has taken from "
                + this);
      }
      int done = memory.getInt(TAKERS + DONE) + 1 & COUNT_MASK;
      Words.INT.setVolatile(memory, TAKERS + DONE, done);
      account.add(Actor.processId(), -1);
      all[0] = undone() == 0;
    });
    if (all[0] && (int) Words.INT.getAndSet(memory, JOINERS_SLEEP, 0) != 0) {
      WordWaiter.installed().wake(memory, TAKERS + DONE, Integer.MAX_VALUE);
    }
  }

  @Override
  public void join() throws InterruptedException {
    join(Waiting.FOREVER);
  }

  @Override
  public boolean join(Duration timeout) throws InterruptedException {
    return join(TimeUnit.NANOSECONDS.convert(timeout));
  }

  private boolean join(long nanos) throws InterruptedException {
    JoinWait wait = new JoinWait(account());
    boolean ended = wait.await(nanos);
    if (wait.lost > 0) {
      throw new IllegalStateException(wait.lost + " elements of " + this
          + " were taken by processes that have died before they said taskDone()");
    }
    return ended;
  }

  /** A wait until all is done. */
  private final class JoinWait extends Waiting {
    private final Account account;
    private int lost;

    JoinWait(Account account) {
      super(memory, TAKERS + DONE);
      this.account = account;
    }

    @Override
    protected boolean attempt(boolean announce) {
      if (announce) {
        Words.INT.setVolatile(memory, JOINERS_SLEEP, 1);
      }
      expect(word());
      if (undone() == 0) {
        return true;
      }
      lost = account.sumOfDead();
      return lost > 0;
    }

    @Override
    protected boolean isDue() {
      return super.isDue() || undone() == 0 || account.hasDead();
    }

    @Override
    protected String what() {
      return "all of " + MappedQueue.this + " to be done";
    }
  }

  // Ends.

  @Override
  public boolean isClosed() {
    return ring.isClosed();
  }

  @Override
  public void close() {
    ring.close();
  }

  @Override
  public boolean isReady() {
    return ring.isReady();
  }

  @Override
  public void ringWhenReady() {
    ring.watch();
  }

  @Override
  public Optional<SelectableChannel> channel() {
    return Optional.empty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MappedQueue<?> queue && queue.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return "ProcessQueue[" + ring.size() + " of " + ring.capacity()
        + (isClosed() ? ", closed]" : "]");
  }
}
