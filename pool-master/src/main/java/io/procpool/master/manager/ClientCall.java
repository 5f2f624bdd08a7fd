// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadReader;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A call of a client, from its arrival to its one reply. For the event loop alone. */
final class ClientCall {
  private final Client client;
  private final long number;
  private final long object;
  private final String signature;
  private final PayloadReader arguments;
  private final List<Reference> objects;
  private final BiConsumer<ClientCall, Answer> replies;
  private @Nullable BooleanSupplier cancellation;
  private boolean replied;
  private boolean stored;
  private @Nullable Runnable undo;

  /**
   * Takes a call.
   *
   * @param object the number of what it is done with
   * @param arguments what is left of its message: the encoded arguments
   * @param objects whose handles are in the arguments
   * @param replies takes the call with its reply
   */
  ClientCall(
      Client client,
      long number,
      long object,
      String signature,
      PayloadReader arguments,
      List<Reference> objects,
      BiConsumer<ClientCall, Answer> replies) {
    this.client = client;
    this.number = number;
    this.object = object;
    this.signature = signature;
    this.arguments = arguments;
    this.objects = objects;
    this.replies = replies;
  }

  /** Returns who has sent it. */
  Client client() {
    return client;
  }

  long number() {
    return number;
  }

  /** Returns the number of what it is done with. */
  long object() {
    return object;
  }

  String signature() {
    return signature;
  }

  PayloadReader arguments() {
    return arguments;
  }

  /** Returns the objects whose handles are in the arguments, as often as they are. */
  List<Reference> objects() {
    return objects;
  }

  /** Says how it is taken back, as long as it has not begun; null from when it has. */
  void setWithdrawal(@Nullable Runnable withdrawal) {
    if (withdrawal == null) {
      cancellation = null;
    } else {
      setCancellation(() -> {
        withdrawal.run();
        return true;
      });
    }
  }

  /**
   * Says what is done when it is to be taken back.
   *
   * @param cancellation tells whether it was taken back, or gets its own reply all the same; may be asked again then
   */
  void setCancellation(BooleanSupplier cancellation) {
    this.cancellation = cancellation;
  }

  /** Takes it back if it has not begun, and replies that. */
  void cancel() {
    BooleanSupplier how = cancellation;
    if (how != null && how.getAsBoolean()) {
      reply(Replies.cancelled(number));
    }
  }

  /** Replies with a number, a text, or null. */
  void replyWith(@Nullable Object value) {
    reply(Replies.plain(number, value));
  }

  /** Replies that an object has no such operation. */
  void refuseFor(Served object) {
    reply(Replies.refused(
        number, "a " + object.kind() + " has no operation " + signature + " on this server"));
  }

  /**
   * Says that the store is to keep what it has done.
   *
   * @param undo is done if it cannot, before the client is told; null if it stays in effect
   */
  void setStored(@Nullable Runnable undo) {
    stored = true;
    this.undo = undo;
  }

  /** Undoes what the store cannot keep, if that can be; tells whether it was. */
  boolean undo() {
    Runnable how = undo;
    if (how != null) {
      how.run();
    }
    return how != null;
  }

  /** Tells whether the store is to keep what it has done. */
  boolean isStored() {
    return stored;
  }

  /** Tells whether its reply was sent. */
  boolean hasReplied() {
    return replied;
  }

  /** Sends the reply; another one is not sent. */
  void reply(Answer answer) {
    cancellation = null;
    if (!replied) {
      replied = true;
      replies.accept(this, answer);
    }
  }
}
