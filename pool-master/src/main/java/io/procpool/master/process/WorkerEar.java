// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.FrameRing;
import io.procpool.ipc.wire.FromWorker;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Hears one worker, and tells what it says to whom it concerns. Event loop only. */
final class WorkerEar implements FrameHandler.Receiver {
  private final Fleet fleet;
  private final Dispatcher dispatcher;
  private final Farewell farewell;
  private final WorkerLogs logs;
  private final ClassServer classes;
  private final Worker worker;

  WorkerEar(
      Fleet fleet,
      Dispatcher dispatcher,
      Farewell farewell,
      WorkerLogs logs,
      ClassServer classes,
      Worker worker) {
    this.fleet = fleet;
    this.dispatcher = dispatcher;
    this.farewell = farewell;
    this.logs = logs;
    this.classes = classes;
    this.worker = worker;
  }

  @Override
  public void received(FromWorker message, ByteBuffer payload) throws IOException {
    if (message instanceof FromWorker.Results results) {
      dispatcher.results(worker, results, payload, fleet.isUsable());
    } else if (message instanceof FromWorker.Started started) {
      dispatcher.started(worker, started.seq());
    } else if (message instanceof FromWorker.Ready) {
      fleet.ready(worker);
    } else if (message instanceof FromWorker.Pong pong) {
      dispatcher.silence().answered(worker, pong.number());
    } else if (message instanceof FromWorker.OverHeap overHeap) {
      dispatcher.overHeap(worker, overHeap);
    } else if (message instanceof FromWorker.StartFailed) {
      fleet.initializerFailed(worker, payload);
    } else if (message instanceof FromWorker.OutOfMemory) {
      fleet.outOfMemory(worker, Payloads.text(payload));
    } else if (message instanceof FromWorker.Stack stack) {
      worker.stack = new Worker.Stack(stack.seq(), stack.item(), Payloads.text(payload));
    } else if (message instanceof FromWorker.Worn worn) {
      fleet.said(worker, worn);
    } else if (message instanceof FromWorker.Finalized) {
      farewell.finalized(worker, payload);
    } else if (message instanceof FromWorker.Threads) {
      ThreadDumps.answered(worker, payload);
    } else if (message instanceof FromWorker.Recorded recorded) {
      FlightRecordings.answered(worker, recorded.number(), payload);
    } else if (message instanceof FromWorker.Debugger debugger) {
      fleet.listens(worker, debugger.port());
    } else if (message instanceof FromWorker.Log) {
      logs.accept(worker.name, worker.pid, payload);
    } else if (message instanceof FromWorker.Wanted wanted) {
      classes.wanted(worker, wanted, fleet::execute, this::broken);
    }
  }

  @Override
  public WorkerLink link() {
    return worker.link();
  }

  @Override
  public FrameRing ring() {
    return worker.segment().toMaster();
  }

  @Override
  public void receivedAll() {
    link().goOn();
    fleet.proceed();
  }

  @Override
  public void broken(Throwable failure) {
    if (worker.kill == null && !worker.processExited) {
      worker.problem = String.valueOf(failure.getMessage());
      fleet.kill(worker, Worker.Kill.PROTOCOL);
    }
  }

  @Override
  public void closed() {
    fleet.connectionClosed(worker);
  }
}
