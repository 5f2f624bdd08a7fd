// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.WaitInterruptedException;
import io.procpool.channel.Connection;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.ipc.ThisProcess;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.SerializationDiagnosis;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.socket.ClientTls;
import io.procpool.ipc.socket.SocketConnection;
import io.procpool.ipc.wire.FromManager;
import io.procpool.ipc.wire.ToManager;
import io.procpool.manager.ConnectOptions;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerGoneException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** This process's connection to the server of a manager, which all its threads share. Safe for use by multiple threads. */
public final class ManagerClient {
  /*
   * Reading.   There is no thread for calls that are waited for, because another thread to wake costs as much as the rest of a round trip. Who waits for a reply and gets
   *            `reading` reads for all, until his own reply is there; then one of those who still wait takes over. Each says that he
   *            waits before he tries to get the lock, and whoever releases it looks for one after that, so that nobody is left without a reader.
   *            Asynchronous calls have the Background.
   * Interrupt. Who is interrupted sends a cancellation and goes on waiting: the server replies to it at once. Only if it does not within PATIENCE is
   *            the call given up without knowing what came of it, unless OnInterrupt says otherwise.
   * End.       The first who finds the connection broken fails everybody's calls, and all later ones.
   */
  private static final int FIRST_BYTES = 256;
  private static final int MOST_WELCOME_BYTES = 4096;
  private static final long LOOK_NANOS = 40_000;
  private static final int MOST_PAUSE = 31;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final String server;
  private final SocketAddress address;
  private final @Nullable String fingerprint;
  private final Connection connection;
  private final Map<Long, PendingCall> calls = new ConcurrentHashMap<>();
  private final Map<Long, Listening> listenings = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();
  private final ReentrantLock reading = new ReentrantLock();
  private final Outbox outbox;
  private final Background background;
  private final Holds holds;
  private int unlooked; // how often it is not looked for a message first; guarded by reading
  private int pause; // what that was at last; guarded by reading
  private volatile @Nullable ManagerGoneException gone;

  private ManagerClient(
      String server, SocketAddress address, SocketConnection.Connected connected) {
    this.server = server;
    this.address = address;
    this.fingerprint = connected.fingerprint();
    this.connection = connected.connection();
    this.outbox = new Outbox(connection);
    this.background = new Background(this, outbox);
    this.holds = new Holds(background::post);
  }

  /** Connects; see {@link io.procpool.manager.Manager#connect(SocketAddress, byte[], ConnectOptions)}. */
  public static ManagerClient connect(SocketAddress address, byte[] key, ConnectOptions options)
      throws IOException, InterruptedException {
    Duration timeout = options.timeout();
    SocketConnection.Connected made = SocketConnection.connect(
        address, key, timeout, ClientTls.of(options, address).orElse(null));
    Connection connection = made.connection();
    boolean connected = false;
    try {
      PayloadWriter hello = new PayloadWriter();
      ThisProcess self = ThisProcess.current();
      ManagerWire.begin(
          hello,
          new ToManager.Hello(ManagerWire.VERSION, ProcessHandle.current().pid(), self.name()));
      connection.sendBytes(hello.toByteArray());
      if (!connection.poll(timeout)) {
        throw new SocketTimeoutException(
            "who listens at " + address + " did not answer as a manager within " + timeout);
      }
      PayloadReader answer = new PayloadReader(connection.recvBytes(MOST_WELCOME_BYTES));
      if (!(FromManager.read(ManagerWire.header(answer)) instanceof FromManager.Welcome welcome)) {
        throw new IOException("who listens at " + address + " is no manager");
      }
      if (welcome.version() != ManagerWire.VERSION) {
        throw new IOException("the manager at " + address + " speaks version " + welcome.version()
            + " of the protocol, this side version " + ManagerWire.VERSION
            + "; use the same procpool version on both sides");
      }
      connected = true;
      return new ManagerClient(welcome.server(), address, made);
    } catch (PayloadFormatException e) {
      throw new IOException("who listens at " + address + " is no manager", e);
    } finally {
      if (!connected) {
        connection.close();
      }
    }
  }

  /** Returns the random name of the server. */
  public String server() {
    return server;
  }

  SocketAddress address() {
    return address;
  }

  /** Returns that of the server's certificate; nothing without TLS. */
  public Optional<String> fingerprint() {
    return Optional.ofNullable(fingerprint);
  }

  /** Ends the connection; who waits is told. */
  public void close() {
    fail(new IOException("this process has closed its connection"));
  }

  /**
   * Does something with an object, on the server, and returns what comes of it; throws what it throws.
   *
   * @throws ManagerGoneException if the server is gone
   * @throws WaitInterruptedException if the thread was interrupted, and nothing has been done
   */
  @Nullable
  Object call(long object, String operation, @Nullable Object... arguments) {
    return call(OnInterrupt.GIVE_UP, object, operation, arguments);
  }

  /** As {@link #call(long, String, Object...)}, and says what an interrupt does. */
  @Nullable
  Object call(
      OnInterrupt onInterrupt, long object, String operation, @Nullable Object... arguments) {
    WaitingCall call = run(onInterrupt, object, operation, arguments);
    try {
      return resultOf(call.outcome(), call.reply(), operation);
    } finally {
      call.release();
    }
  }

  /** Does something with an object, on the server, that returns a list, which may come in pages. */
  Pages.Page page(long object, String operation, @Nullable Object... arguments) {
    WaitingCall call = run(OnInterrupt.GIVE_UP, object, operation, arguments);
    try {
      Object first = resultOf(call.outcome(), call.reply(), operation);
      PayloadReader reply = call.reply();
      if (!(first instanceof Long rest) || reply == null) {
        throw new ManagerException(this + " has returned no page");
      }
      List<@Nullable Object> elements = new ArrayList<>();
      int bytes = reply.remaining();
      while (reply.remaining() > 0) {
        elements.add(ValueCodec.read(reply, loader()));
      }
      return new Pages.Page(
          elements,
          bytes,
          rest == ManagerWire.SERVER
              ? null
              : new RemoteObject(server, rest, "rest", holds.find(rest)));
    } catch (PayloadFormatException e) {
      throw new ManagerException(
          "an element cannot be rebuilt in this process: " + e.getMessage() + " (" + this + ")", e);
    } finally {
      call.release();
    }
  }

  /** Opens an object: makes one, or finds the one of a name. */
  RemoteObject open(String kind, @Nullable Object[] arguments) {
    return Objects.requireNonNull(
        callForObject(ManagerWire.SERVER, kind, ManagerWire.OPEN, arguments));
  }

  /** Does something that returns the number of an object, which this process has from then on; null if it returns null. */
  @Nullable
  RemoteObject callForObject(
      long object, String kind, String operation, @Nullable Object... arguments) {
    WaitingCall call = run(OnInterrupt.GIVE_UP, object, operation, arguments);
    try {
      Object opened = resultOf(call.outcome(), call.reply(), operation);
      if (opened == null) {
        return null;
      }
      if (!(opened instanceof Long number)) {
        throw new ManagerException(operation + " was to return an object that stays on the server,"
            + " but the server has sent it; use the same interfaces on both sides");
      }
      return new RemoteObject(server, number, kind, holds.find(number));
    } finally {
      call.release();
    }
  }

  /** Sends a call and waits for its reply. */
  private WaitingCall run(
      OnInterrupt onInterrupt, long object, String operation, @Nullable Object[] arguments) {
    WaitingCall call = new WaitingCall(numbers.incrementAndGet(), operation);
    byte[] message = encode(call.number, object, operation, ServersHere.turn(server), arguments);
    calls.put(call.number, call);
    try {
      checkAlive(); // after the call is known: whoever fails all finds it
      if (onInterrupt == OnInterrupt.KEEP) {
        outbox.sendUninterrupted(message);
      } else {
        outbox.send(message);
      }
      await(call, onInterrupt);
    } catch (IOException e) {
      throw fail(e);
    } catch (IllegalStateException closedByAnotherThread) {
      throw fail(new IOException(closedByAnotherThread.getMessage(), closedByAnotherThread));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new WaitInterruptedException(
          "interrupted before " + operation + " was sent to " + this, e);
    } finally {
      calls.remove(call.number);
    }
    return call;
  }

  /**
   * Does something with an object, on the server; what comes of it completes the future. Does not wait, except for the server to read if it is far behind.
   *
   * @param handle is kept until then
   */
  <T extends @Nullable Object> CompletableFuture<T> callAsync(
      Object handle, long object, String operation, @Nullable Object... arguments) {
    AsyncCall<T> call = new AsyncCall<>(this, handle, numbers.incrementAndGet(), operation);
    byte[] message = encode(call.number, object, operation, 0, arguments);
    calls.put(call.number, call);
    background.want();
    try {
      checkAlive(); // after the call is known: whoever fails all finds it
      background.send(message);
    } catch (IOException e) {
      fail(e);
    } catch (IllegalStateException closedByAnotherThread) {
      fail(new IOException(closedByAnotherThread.getMessage(), closedByAnotherThread));
    } catch (ManagerGoneException e) {
      endAll();
    }
    return call.future();
  }

  private byte[] encode(
      long number, long object, String operation, long turn, @Nullable Object[] arguments) {
    PayloadWriter message = new PayloadWriter(FIRST_BYTES, ManagerWire.MAX_CALL_BYTES);
    ManagerWire.begin(message, new ToManager.Call(number, object, operation, List.of(), turn));
    int start = message.position();
    try (SentObjects sent = SentObjects.begin(server)) {
      for (Object argument : arguments) {
        encode(message, operation, argument);
      }
      if (sent.numbers().isEmpty()) {
        return message.toByteArray();
      }
      PayloadWriter naming = new PayloadWriter(message.position(), ManagerWire.MAX_CALL_BYTES);
      ManagerWire.begin(
          naming, new ToManager.Call(number, object, operation, sent.numbers(), turn));
      byte[] unnamed = message.toByteArray();
      naming.putBytes(unnamed, start, unnamed.length - start);
      return naming.toByteArray();
    }
  }

  private static void encode(PayloadWriter message, String operation, @Nullable Object argument) {
    try {
      ValueCodec.write(message, argument);
    } catch (UnencodableValueException | PayloadTooLargeException | StackOverflowError failed) {
      SerializationDiagnosis diagnosis =
          SerializationDiagnosis.of("an argument of " + operation, argument, failed);
      throw new NotSerializableMessageException(
          diagnosis.message() + "; nothing was done", diagnosis.path(), failed);
    }
  }

  /**
   * Says that the calling thread waits for an asynchronous call from now on, if it runs a function on the server.
   *
   * @throws io.procpool.manager.ManagerDeadlockException if that would wait for it
   */
  void waitFor(PendingCall call) {
    long turn = ServersHere.turn(server);
    if (turn == 0) {
      return;
    }
    try {
      call(OnInterrupt.KEEP, ManagerWire.SERVER, ManagerWire.WAIT, turn, call.number);
    } catch (ManagerGoneException e) {
      // Which is what becomes of the call, too.
    }
  }

  private void await(WaitingCall call, OnInterrupt onInterrupt) throws IOException {
    boolean interrupted = Thread.interrupted();
    boolean cancelled = false;
    long cancelledAt = 0;
    try {
      while (!call.isDone()) {
        if (interrupted && !cancelled && onInterrupt != OnInterrupt.KEEP) {
          cancelled = true;
          cancelledAt = System.nanoTime();
          cancel(call.number);
        }
        long left = cancelled && onInterrupt == OnInterrupt.GIVE_UP
            ? PATIENCE_NANOS - (System.nanoTime() - cancelledAt)
            : Long.MAX_VALUE;
        if (left <= 0) {
          throw new ManagerException("interrupted, and " + this
              + " has not answered for 5 s; whether the call has had an effect is not known");
        }
        interrupted |= reading.tryLock() ? read(call, left) : park(left);
      }
    } finally {
      call.leave();
      passOn();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits until it is told something; returns whether that was an interrupt. */
  private boolean park(long nanos) {
    LockSupport.parkNanos(this, nanos);
    return Thread.interrupted();
  }

  /** Reads for everybody; returns whether it was interrupted. */
  private boolean read(WaitingCall call, long nanos) throws IOException {
    try {
      while (!call.isDone()) {
        if (looksReady() || nanos == Long.MAX_VALUE) {
          take(connection.recvBytes());
        } else {
          Optional<byte[]> message = connection.poll(Duration.ofNanos(nanos))
              ? Optional.of(connection.recvBytes())
              : Optional.empty();
          if (message.isEmpty()) {
            return false;
          }
          take(message.get());
        }
      }
      return false;
    } catch (InterruptedException e) {
      return true;
    } finally {
      reading.unlock();
    }
  }

  /**
   * Looks for a message a little before it is waited for: to be woken takes longer than a server needs for most calls. Where looking was of no use, as with many clients on
   * few processors, it is done ever more seldom.
   */
  private boolean looksReady() throws IOException {
    if (unlooked > 0) {
      unlooked--;
      return connection.poll();
    }
    long start = System.nanoTime();
    while (!connection.poll()) {
      if (System.nanoTime() - start > LOOK_NANOS) {
        pause = Math.min(2 * pause + 1, MOST_PAUSE);
        unlooked = pause;
        return false;
      }
      Thread.yield();
    }
    pause = 0;
    return true;
  }

  /** Returns the number of a new subscription. */
  long newSubscription() {
    return numbers.incrementAndGet();
  }

  /**
   * Has somebody told what changes in an object, until {@link #forget} or {@link #unlistenSoon}.
   *
   * @param subscription its number
   * @param onlyKeys whether only keys are wanted
   */
  void listen(long subscription, long object, boolean onlyKeys, Listening listening) {
    listenings.put(subscription, listening);
    background.want();
    boolean listens = false;
    try {
      call(object, ManagerWire.LISTEN, subscription, onlyKeys);
      listens = true;
    } finally {
      if (!listens) {
        forget(subscription);
      }
    }
  }

  /** Forgets who was told; returns whether there was anybody. */
  boolean forget(long subscription) {
    boolean listened = listenings.remove(subscription) != null;
    if (listened) {
      background.unwant();
    }
    return listened;
  }

  /**
   * Forgets who was told, and has the server hear of it soon. Does not block, so that who reads for all may do it.
   *
   * @param handle of the object, which is kept until then
   */
  void unlistenSoon(Object handle, long object, long subscription) {
    if (!forget(subscription)) {
      return;
    }
    AsyncCall<Object> call =
        new AsyncCall<>(this, handle, numbers.incrementAndGet(), ManagerWire.UNLISTEN);
    byte[] message =
        encode(call.number, object, ManagerWire.UNLISTEN, 0, new Object[] {subscription});
    calls.put(call.number, call);
    background.want();
    if (isAlive()) { // after the call is known, as everywhere
      background.post(message);
    } else {
      endAll();
    }
  }

  private void take(FromManager.Event event, PayloadReader changes) throws PayloadFormatException {
    List<Hold> brought = new ArrayList<>(event.objects().size());
    for (long object : event.objects()) {
      brought.add(holds.granted(object));
    }
    Listening listening = listenings.get(event.subscription());
    if (listening != null) {
      listening.take(changes, brought);
    }
  }

  private void take(byte[] message) throws IOException {
    PayloadReader reader = new PayloadReader(message);
    try {
      FromManager said = FromManager.read(ManagerWire.header(reader));
      if (said instanceof FromManager.Event event) {
        take(event, reader);
        return;
      }
      if (!(said instanceof FromManager.Reply reply)) {
        throw new IOException("an unexpected message");
      }
      List<Hold> brought = List.of();
      for (long object : reply.objects()) {
        brought = brought.isEmpty() ? new ArrayList<>(reply.objects().size()) : brought;
        brought.add(holds.granted(object));
      }
      PendingCall call = calls.remove(reply.number());
      if (call != null) {
        call.keep(brought);
        call.finish(reply.outcome(), reader);
      }
    } catch (PayloadFormatException e) {
      throw new IOException("a message that cannot be understood: " + e.getMessage(), e);
    }
  }

  /** Reads what has come, if nobody else reads; tells whether there was something. */
  boolean readWhatIsThere() throws IOException, InterruptedException {
    if (!reading.tryLock()) {
      return false;
    }
    boolean any = false;
    try {
      while (connection.poll()) {
        take(connection.recvBytes());
        any = true;
      }
    } finally {
      reading.unlock();
      passOn();
    }
    return any;
  }

  /** Waits until something has come, and reads that, for a time; false if somebody else reads. */
  boolean readOneWithin(long nanos) throws IOException, InterruptedException {
    if (!reading.tryLock()) {
      return false;
    }
    try {
      if (connection.poll(Duration.ofNanos(nanos))) {
        take(connection.recvBytes());
      }
    } finally {
      reading.unlock();
      passOn();
    }
    return true;
  }

  /** Has one of those who wait look after the connection, if nobody does. */
  private void passOn() {
    if (!reading.isLocked()) {
      LockSupport.unpark(nextReader());
    }
  }

  private @Nullable Thread nextReader() {
    for (PendingCall call : calls.values()) {
      Thread waiter = call.waiter();
      if (waiter != null) {
        return waiter;
      }
    }
    return background.sleeper();
  }

  // Objects that this process has.

  /** Has an object kept for a message to another process; returns the ticket. */
  long lend(long object) {
    long ticket = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, new ToManager.Lend(object, ticket));
    try {
      background.send(message.toByteArray());
    } catch (IOException e) {
      fail(e);
    }
    return ticket;
  }

  /** Says that a message has arrived, or never will. Does not block. */
  void takeBack(long ticket) {
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, new ToManager.TakeBack(ticket));
    background.post(message.toByteArray());
  }

  /** Sees to it that this process has an object of which it was sent a handle; null if that is gone. */
  @Nullable
  Hold hold(long object, long ticket) {
    Hold held = holds.find(object);
    if (held != null) {
      if (ticket != ManagerWire.NO_TICKET) {
        takeBack(ticket);
      }
      return held;
    }
    WaitingCall call = run( // an interrupt is for what is done with the handle
        OnInterrupt.KEEP, ManagerWire.SERVER, ManagerWire.CLAIM, new Object[] {object, ticket});
    try {
      resultOf(call.outcome(), call.reply(), ManagerWire.CLAIM);
      return holds.find(object);
    } finally {
      call.release();
    }
  }

  /** Tells the server that a call is not wanted any more. */
  void withdraw(long number) {
    try {
      background.send(cancellation(number));
    } catch (IOException e) {
      fail(e);
    }
  }

  private static byte[] cancellation(long number) {
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, new ToManager.Cancel(number));
    return message.toByteArray();
  }

  private void cancel(long number) throws IOException {
    while (true) {
      try {
        outbox.send(cancellation(number));
        return;
      } catch (InterruptedException again) {
        // As the first one.
      }
    }
  }

  /** Returns what a call has returned, or throws what came of it. */
  @Nullable
  Object resultOf(int outcome, @Nullable PayloadReader reply, String operation) {
    if (reply == null) {
      checkAlive();
      throw new AssertionError("a call was finished without a reply");
    }
    Throwable thrown;
    try {
      switch (outcome) {
        case FromManager.Reply.RETURNED:
          return ValueCodec.read(reply, loader());
        case FromManager.Reply.THREW:
          thrown = ThrowableCodec.read(reply, loader(), null);
          break;
        case FromManager.Reply.CANCELLED:
          throw new WaitInterruptedException(
              operation + " was interrupted; nothing was done by " + this,
              new InterruptedException());
        default:
          throw new ManagerException(ValueCodec.read(reply, loader()) + " (" + this + ")");
      }
    } catch (PayloadFormatException e) {
      throw new ManagerException(
          "what " + operation + " has returned cannot be rebuilt in this process: " + e.getMessage()
              + " (" + this + ")",
          e);
    }
    throw ManagerClient.<RuntimeException>asIs(thrown);
  }

  static ClassLoader loader() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return context == null ? ClassLoader.getSystemClassLoader() : context;
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T asIs(Throwable thrown) throws T {
    throw (T) thrown;
  }

  private void checkAlive() {
    ManagerGoneException ended = gone;
    if (ended != null) {
      throw new ManagerGoneException(String.valueOf(ended.getMessage()), ended);
    }
  }

  synchronized ManagerGoneException fail(IOException cause) {
    ManagerGoneException first = gone;
    if (first == null) {
      first = new ManagerGoneException(
          this + " cannot be reached any more: " + cause.getMessage(), cause);
      gone = first;
      connection.close();
    }
    endAll();
    return first;
  }

  /** Finishes all calls; there will be no more replies. */
  private void endAll() {
    for (Long number : calls.keySet()) {
      PendingCall call = calls.remove(number);
      if (call != null) {
        call.finish(0, null);
      }
    }
    ManagerGoneException why = gone;
    if (why != null) {
      for (Listening cache : listenings.values()) { // first: who is told reads nothing old any more
        if (cache instanceof ReadCache) {
          cache.end(why);
        }
      }
      for (Long subscription : listenings.keySet()) {
        Listening listening = listenings.remove(subscription);
        if (listening != null) {
          listening.end(why);
        }
      }
    }
  }

  boolean isAlive() {
    return gone == null;
  }

  Background background() {
    return background;
  }

  @Override
  public String toString() {
    return "the manager " + server + " at " + address;
  }
}
