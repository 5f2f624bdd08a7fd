// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.ChildStartException;
import io.procpool.ChildTask;
import io.procpool.ParentProcess;
import io.procpool.ProcessIdentity;
import io.procpool.SpareOptions;
import io.procpool.WarmSpares;
import io.procpool.ipc.Order;
import io.procpool.ipc.ThisProcess;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.Shipment;
import io.procpool.ipc.memory.Session;
import io.procpool.ipc.wire.ChildLaunch;
import io.procpool.master.launch.ClassArchive;
import io.procpool.master.launch.JvmLauncher;
import io.procpool.master.launch.JvmShape;
import io.procpool.master.launch.LaunchChecks;
import io.procpool.master.launch.MemoryBudget;
import io.procpool.master.launch.Nesting;
import io.procpool.master.launch.SpareSet;
import io.procpool.master.launch.TaskEncoder;
import io.procpool.spi.ChildProcesses;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Starts children, in whatever process it is. */
public final class Children implements ChildProcesses {
  private static final byte[] NOTHING = {};

  @Override
  public ChildProcess start(ChildOptions options, ChildTask task) {
    Nesting.check("child \"" + options.name() + "\"");
    PayloadWriter payload = TaskEncoder.encode(task);
    Shipment shipment = payload.shipment();
    byte[] encoded = payload.toByteArray();
    try {
      LaunchChecks.check(
          options.maxHeapBytes(),
          options.workingDirectory(),
          options.javaExecutable(),
          options.classPath());
      ActiveChildren.expect();
      JvmShape shape = JvmShape.of(options);
      byte[] orders = join(
          Order.encode(Order.CHILD, launchMessage(options)),
          Order.header(Order.TASK, encoded.length));
      // All at once if there is room for it. What is more must not be waited for: the child may
      // never read it.
      boolean small = orders.length + encoded.length <= JvmLauncher.ROOM_BYTES;
      JvmLauncher.Started started = JvmLauncher.start(
          shape, ClassArchive.shared(shape), small ? join(orders, encoded) : orders);
      ChildProcess child = JvmChild.begin(options, shape, started, small ? NOTHING : encoded);
      if (shipment != null) {
        child
            .onExit()
            .whenComplete((exited, failure) -> shipment.over()); // it may not have read its task
      }
      return child;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      if (shipment != null) {
        shipment.over();
      }
      throw new ChildStartException(options.name(), String.valueOf(e.getMessage()), e);
    }
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static ChildLaunch launchMessage(ChildOptions options) {
    return new ChildLaunch(
        options.name(),
        options.isDaemon(),
        JvmChild.nanos(options.gracePeriod()),
        Session.current().path(),
        ProcessHandle.current().pid(),
        ThisProcess.current().name(),
        Nesting.depthBelow(),
        MemoryBudget.ofProcess().totalBytes());
  }

  @Override
  public List<ChildProcess> active() {
    return ActiveChildren.list();
  }

  @Override
  public ProcessIdentity current() {
    ThisProcess process = ThisProcess.current();
    return new ProcessIdentity(
        process.name(), ProcessHandle.current().pid(), process.isDaemon(), process.isRoot());
  }

  @Override
  public Optional<ParentProcess> parent() {
    ThisProcess process = ThisProcess.current();
    return process.isRoot()
        ? Optional.empty()
        : Optional.of(new Parent(process.parentName(), process.parentPid()));
  }

  @Override
  public WarmSpares keepSpares(SpareOptions options) {
    return SpareSet.keep(options);
  }
}
