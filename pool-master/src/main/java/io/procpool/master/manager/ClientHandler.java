// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.procpool.ipc.channel.Messages;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager;
import io.procpool.ipc.wire.ToManager;
import io.procpool.manager.ManagerDeadlockException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One client: takes its messages and sends the replies. For the event loop alone. */
final class ClientHandler extends LengthFieldBasedFrameDecoder {
  /*
   * Limits. No more is read from a client while it does not take its replies, and what was read before waits, too. What becomes of calls that had begun before has a limit in bytes (Backlog).
   *         Of its calls that wait there can be many, but not any number. A message that is too long, or makes no sense, ends its connection, and nothing else.
   */
  private static final int LENGTH_BYTES = 4;
  private static final int KIND_BYTES = 1;
  private static final int FIRST_BYTES = 256;
  private static final int MOST_UNSENT_BYTES = 64 << 10;
  private static final int MOST_CALLS = 10_000;

  private final ObjectTable objects;
  private final Map<Long, ClientCall> calls = new HashMap<>();
  private final String server;
  private final GuestLog log;
  private final Client client = new Client();
  private @Nullable Backlog backlog;
  private boolean broken; // what it says makes no sense any more
  private boolean welcomed;
  private boolean flushing; // it was said to be done
  private boolean left;
  private boolean reading; // what is to be sent is sent at the end of that
  private @Nullable ByteBuf unsent;
  private @Nullable PayloadReader batch; // what is left of it to be taken

  ClientHandler(String server, ObjectTable objects, GuestLog log) {
    super(
        ManagerWire.MAX_CALL_BYTES + LENGTH_BYTES + KIND_BYTES,
        0,
        LENGTH_BYTES,
        KIND_BYTES,
        LENGTH_BYTES);
    this.server = server;
    this.objects = objects;
    this.log = log;
  }

  @Override
  protected @Nullable Object decode(ChannelHandlerContext context, ByteBuf in) throws Exception {
    if (broken || client.isGone()) {
      in.skipBytes(in.readableBytes());
      return null;
    }
    if (batch != null || !context.channel().isWritable()) {
      return null; // until it has taken what it has asked for
    }
    ByteBuf frame = (ByteBuf) super.decode(context, in);
    if (frame == null) {
      return null;
    }
    byte[] message;
    try {
      int kind = frame.readByte();
      if (kind != Messages.BYTES) {
        throw new IOException("a message of kind " + kind);
      }
      message = new byte[frame.readableBytes()];
      frame.readBytes(message);
    } finally {
      frame.release();
    }
    take(context, new PayloadReader(message));
    return null;
  }

  private void take(ChannelHandlerContext context, PayloadReader message)
      throws IOException, PayloadFormatException {
    ToManager said = ToManager.read(ManagerWire.header(message));
    if (said instanceof ToManager.Batch) {
      batch = message;
      takeBatch(context);
    } else {
      take(context, said, message);
    }
  }

  /** Takes what is in a batch as long as the client takes its replies. */
  private void takeBatch(ChannelHandlerContext context) throws IOException, PayloadFormatException {
    PayloadReader parts = batch;
    while (parts != null && parts.remaining() > 0 && context.channel().isWritable()) {
      PayloadReader part = new PayloadReader(parts.getBytes(parts.getVarint()));
      take(context, ToManager.read(ManagerWire.header(part)), part);
    }
    if (parts != null && parts.remaining() == 0) {
      batch = null;
    }
  }

  private void take(ChannelHandlerContext context, ToManager said, PayloadReader message)
      throws IOException, PayloadFormatException {
    if (said instanceof ToManager.Hello hello) {
      client.setName(hello.name(), hello.pid());
      client.setMessages(event -> objects.whenKept(failed -> tell(context, event)));
      welcomed = true;
      PayloadWriter welcome = new PayloadWriter();
      ManagerWire.begin(welcome, new FromManager.Welcome(ManagerWire.VERSION, server));
      send(context, welcome.toByteArray());
      if (hello.version() != ManagerWire.VERSION) {
        throw new IOException("it speaks version " + hello.version());
      }
    } else if (!welcomed) {
      throw new IOException("it has not said who it is");
    } else if (said instanceof ToManager.Call call) {
      take(context, call, message);
    } else if (said instanceof ToManager.Cancel cancel) {
      ClientCall running = calls.get(cancel.number());
      if (running != null) {
        running.cancel();
      }
    } else if (said instanceof ToManager.Release release) {
      client.takeBack(release.object(), release.count());
    } else if (said instanceof ToManager.Lend lend) {
      Reference lent = objects.reference(lend.object());
      if (lent != null) {
        objects.tickets().lend(lend.ticket(), lent, client, context.executor());
      }
    } else if (said instanceof ToManager.TakeBack back) {
      objects.tickets().end(back.ticket());
    } else {
      throw new IOException("a batch in a batch");
    }
  }

  private void take(ChannelHandlerContext context, ToManager.Call call, PayloadReader message)
      throws PayloadFormatException, IOException {
    if (call.object() == ManagerWire.SERVER) {
      long said = objects.saidToStore();
      Answer answer = serve(call, message);
      boolean stored = objects.saidToStore() > said;
      objects.whenKept(failed -> send(
          context,
          failed != null && stored
              ? Replies.refused(call.number(), objects.notKept(failed))
              : answer));
      return;
    }
    Served object = objects.find(call.object());
    if (object == null) {
      send(
          context,
          Replies.refused(call.number(), "there is no object " + call.object() + " any more"));
      return;
    }
    if (calls.size() >= MOST_CALLS) {
      send(
          context,
          Replies.refused(
              call.number(),
              MOST_CALLS + " calls of this process are waiting, which is as many as there can be"));
      return;
    }
    ClientCall taken = new ClientCall(
        client,
        call.number(),
        call.object(),
        call.operation(),
        message,
        objects.references(call.objects()),
        (done, answer) -> {
          calls.remove(done.number());
          reply(context, done, answer);
        });
    if (calls.putIfAbsent(call.number(), taken) != null) {
      throw new IOException("it has used the number " + call.number() + " twice");
    }
    ManagerDeadlockException circle =
        call.turn() == 0 ? null : objects.turns().waitFor(call.turn(), taken);
    if (circle != null) {
      taken.reply(Replies.thrown(call.number(), circle));
      return;
    }
    object.accept(taken, objects, context.executor());
  }

  /** Does what the server itself is asked for. */
  private Answer serve(ToManager.Call call, PayloadReader message) throws PayloadFormatException {
    return switch (call.operation()) {
      case ManagerWire.OPEN -> open(call, message);
      case ManagerWire.CLAIM -> claim(call, message);
      case ManagerWire.WAIT -> waitFor(call, message);
      case "objectCount()" -> Replies.plain(call.number(), objects.count());
      case "names()" ->
        Replies.returned(call.number(), "names()", new ArrayList<>(objects.names()), objects);
      case "remove(String)" -> remove(call, String.valueOf(Plain.read(message)));
      default -> Replies.refused(call.number(), "this server has no operation " + call.operation());
    };
  }

  private Answer waitFor(ToManager.Call call, PayloadReader message) throws PayloadFormatException {
    long turn = Plain.readLong(message);
    ClientCall awaited = calls.get(Plain.readLong(message));
    ManagerDeadlockException circle =
        awaited == null ? null : objects.turns().waitFor(turn, awaited);
    return circle == null
        ? Replies.plain(call.number(), null)
        : Replies.thrown(call.number(), circle);
  }

  private Answer remove(ToManager.Call call, String name) {
    try {
      return Replies.plain(call.number(), objects.remove(name));
    } catch (IllegalArgumentException refused) {
      return Replies.refused(call.number(), String.valueOf(refused.getMessage()));
    }
  }

  private Answer open(ToManager.Call call, PayloadReader message) throws PayloadFormatException {
    Object kind = Plain.read(message);
    Object given = Plain.read(message);
    if (!(kind instanceof String wanted) || given != null && !(given instanceof String)) {
      return Replies.refused(
          call.number(), "open takes a kind, a name or null, and what the kind needs");
    }
    try {
      return Replies.opened(call.number(), objects.open(wanted, (String) given, message));
    } catch (IllegalArgumentException refused) {
      return Replies.refused(call.number(), String.valueOf(refused.getMessage()));
    }
  }

  private Answer claim(ToManager.Call call, PayloadReader message) throws PayloadFormatException {
    Reference object = objects.reference(Plain.readLong(message));
    long ticket = Plain.readLong(message);
    if (ticket != ManagerWire.NO_TICKET) {
      objects.tickets().end(ticket);
    }
    return object == null
        ? Replies.plain(call.number(), null)
        : Replies.opened(call.number(), object);
  }

  /** Sends a reply when what was done is kept. */
  private void reply(ChannelHandlerContext context, ClientCall done, Answer answer) {
    objects.whenKept(failed -> {
      if (failed == null || !done.isStored()) {
        send(context, answer);
      } else { // not at once: what is undone here may be given to the next one, and undone there
        context
            .executor()
            .execute(() -> send(
                context,
                Replies.refused(
                    done.number(),
                    done.undo() ? objects.undone(failed) : objects.notKept(failed))));
      }
    });
  }

  private void send(ChannelHandlerContext context, Answer answer) {
    answer.objects().forEach(client::give);
    send(context, answer.message());
  }

  private void send(ChannelHandlerContext context, byte[] message) {
    Backlog waiting = backlog;
    if (left || broken || waiting == null) {
      return;
    }
    if (waiting.isTooMuch()) {
      broken = true;
      log.warn("the connection of " + client.name()
          + " was closed: it does not take its replies, of which " + (waiting.waitingBytes() >> 20)
          + " MiB wait");
      context.channel().unsafe().close(context.channel().unsafe().voidPromise());
      return;
    }
    ByteBuf out = unsent;
    int bytes = LENGTH_BYTES + KIND_BYTES + message.length;
    if (out == null) {
      out = context.alloc().buffer(Math.max(bytes, FIRST_BYTES));
      unsent = out;
    }
    out.writeInt(message.length).writeByte(Messages.BYTES).writeBytes(message);
    boolean much =
        out.readableBytes() > MOST_UNSENT_BYTES; // what is not written does not count as waiting
    if (reading) {
      if (much) {
        write(context);
      }
    } else if (much || !flushing && !objects.hasStore()) {
      write(context);
      context.flush();
    } else {
      flushSoon(context);
    }
  }

  /** Sends what it did not ask for; many such things share a message. */
  private void tell(ChannelHandlerContext context, Answer event) {
    flushSoon(context);
    send(context, event);
  }

  /** Sends what was held back for the store, and events, all at once. */
  private void flushSoon(ChannelHandlerContext context) {
    if (!flushing) {
      flushing = true;
      context.executor().execute(() -> {
        flushing = false;
        if (!left) {
          write(context);
          context.flush();
        }
      });
    }
  }

  private void write(ChannelHandlerContext context) {
    ByteBuf out = unsent;
    if (out != null) {
      unsent = null;
      context.write(out, context.voidPromise());
      if (backlog != null) {
        backlog.added();
      }
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    backlog = new Backlog(context.channel());
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    reading = true;
    super.channelRead(context, message);
  }

  /** Sends what was said meanwhile, all at once. */
  @Override
  public void channelReadComplete(ChannelHandlerContext context) throws Exception {
    reading = false;
    write(context);
    context.flush();
    if (context.channel().config().isAutoRead()) {
      super.channelReadComplete(context); // which asks for more if nothing was passed on
    } else {
      discardSomeReadBytes();
      context.fireChannelReadComplete();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (!context.channel().isWritable()) {
      context.channel().config().setAutoRead(false);
    } else {
      context.executor().execute(() -> goOn(context)); // not within a flush
    }
  }

  /** Handles what was read before the client took its replies, and then reads again. */
  private void goOn(ChannelHandlerContext context) {
    if (broken || context.isRemoved() || !context.channel().isWritable()) {
      return;
    }
    try {
      reading = true;
      takeBatch(context);
      channelRead(context, Unpooled.EMPTY_BUFFER);
    } catch (Exception e) {
      exceptionCaught(context, e);
    } finally {
      reading = false;
    }
    write(context);
    context.flush();
    if (context.channel().isWritable()) {
      context.channel().config().setAutoRead(true);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    client.leave();
    if (!objects.isEnding()) { // then nobody else is to get what this one had
      for (ClientCall call : Map.copyOf(calls).values()) {
        call.cancel();
      }
      client.end();
    }
    calls.clear();
    super.channelInactive(context); // may still handle what had come
    left = true;
    if (unsent != null) {
      unsent.release();
      unsent = null;
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!broken) { // what follows from that is not told
      broken = true;
      log.warn("the connection of " + client.name() + " was closed: " + cause.getMessage());
      write(context);
      context.flush(); // what it was told before, such as the version here
      context.close();
    }
  }
}
