// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.wire.ToWorker;

/** How messages reach a worker. Event loop only; nothing blocks; nothing is sent before {@link #flush()}. */
interface WorkerLink {
  /** Sends the first message, and the encoded initializer, possibly empty. */
  void welcome(ToWorker.Welcome welcome, byte[] initializer);

  /** Sends a unit, with its function if this worker has not got it. */
  void run(Unit unit, boolean withFunction);

  /** Interrupts the task thread if it is at this unit. */
  void interrupt(int seq);

  /** Asks the worker to say where its task is, if the item still runs. */
  void showStack(int seq, int item);

  /** Asks what all threads of the worker do. */
  void showThreads();

  /** Begins or ends a flight recording. */
  void record(ToWorker.Record order);

  /** Lets the worker drop a function. */
  void forget(long functionId);

  /** Asks the worker to answer with this number, above 0. */
  void ping(long number);

  /** Asks the worker to run the encoded finalizer, possibly empty, and exit. */
  void stop(byte[] finalizer, long loader);

  /** Answers a question for a class. */
  void given(ToWorker.Given given, byte[] payload);

  /** Tells whether there is something that could not be sent for want of room. */
  boolean isWaiting();

  /** Tells whether there is room for some of it by now. */
  boolean canGoOn();

  /** Has the worker wake this process when there is. */
  void wakeWhenThereIsRoom();

  /** Goes on with it. */
  void goOn();

  /** Returns how many bytes the worker has not taken yet. */
  long unsentBytes();

  /** Sends what has been written. */
  void flush();

  /** Closes the connection. */
  void close();
}
