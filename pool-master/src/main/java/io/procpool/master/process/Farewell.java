// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.master.pool.Events;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a worker as planned: it is told to stop and runs its finalizer; terminated after the grace period, killed after another. Event loop only. */
final class Farewell {
  private static final Logger LOG = LoggerFactory.getLogger(Farewell.class);

  private final PoolOptions options;
  private final EventLoop loop;
  private final Events events;
  private final Hook finalizer;
  private final KillSwitch killSwitch;

  Farewell(
      PoolOptions options, EventLoop loop, Events events, Hook finalizer, KillSwitch killSwitch) {
    this.options = options;
    this.loop = loop;
    this.events = events;
    this.finalizer = finalizer;
    this.killSwitch = killSwitch;
  }

  /** Tells a worker without units to stop. */
  void stop(Worker worker) {
    worker.stopSent = true;
    if (worker.link == null) {
      killSwitch.kill(worker, Worker.Kill.TERMINATED);
      return;
    }
    worker.enter(Worker.State.DRAINING);
    worker.cancelLifeTimer();
    worker.link.stop(finalizer.bytes(), finalizer.origin().reference());
    worker.link.flush();
    long grace = options.gracePeriod().toNanos();
    worker.lifeTimer = loop.schedule(
        () -> {
          if (worker.wasReady && finalizer.bytes().length > 0 && !worker.finalized) {
            finalizerFailed(
                worker,
                "it has not ended within the grace period of "
                    + CrashMessages.seconds(options.gracePeriod()));
          }
          if (worker.process != null) {
            worker.process.destroy();
          }
          worker.lifeTimer = loop.schedule(
              () -> killSwitch.kill(worker, Worker.Kill.NOT_STOPPED), grace, TimeUnit.NANOSECONDS);
        },
        grace,
        TimeUnit.NANOSECONDS);
  }

  /** A worker says that its finalizer has ended, and what that threw, if something. */
  void finalized(Worker worker, ByteBuffer payload) throws IOException {
    if (payload.hasRemaining() && !worker.finalized) {
      finalizerFailed(worker, String.valueOf(Payloads.thrown(payload, finalizer)));
    }
    worker.finalized = true;
  }

  private void finalizerFailed(Worker worker, String reason) {
    worker.finalized = true;
    LOG.warn(
        "{}/{} pid={}: its finalizer failed: {}", options.name(), worker.name, worker.pid, reason);
    WorkerEvent event = worker.event(options.name());
    events.tell(listener -> listener.workerFinalizerFailed(event, reason));
  }
}
