// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.WorkerSnapshot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A debugger finds each worker, and may hold it. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class DebugWorkersTest {
  private static final byte[] HANDSHAKE = "JDWP-Handshake".getBytes(StandardCharsets.US_ASCII);

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** Each has a port of its own before its initializer runs, on loopback only; nothing of it is in the worker's output. */
  @Test
  void debugWorkers_initializerHangs_eachListens() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    Map<String, Integer> told = new ConcurrentHashMap<>();
    Path output = directory.resolve("output");
    try (Pool pool = Pool.open(Faults.options("debug")
        .workers(2)
        .debugWorkers(true)
        .workerStdout(io.procpool.PoolOptions.WorkerStream.FILE)
        .workerOutputFile(output)
        .initializer(gate::pass)
        .listener(new PoolListener() {
          @Override
          public void workerDebuggable(WorkerEvent worker, int port) {
            told.put(worker.worker(), port);
          }
        })
        .build())) {
      gate.entered().awaitLines(2);
      Faults.awaitLong("ports").until(() -> ports(pool).size() == 2 && told.size() == 2);
      List<Integer> ports = ports(pool);
      assertThat(ports).doesNotHaveDuplicates();
      assertThat(told.values()).containsExactlyInAnyOrderElementsOf(ports);
      assertThat(pool.snapshot().toString()).contains("debug " + ports.get(0));
      for (int port : ports) {
        assertAnswers(port);
      }
      gate.open();
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
    }
    assertThat(output).isEmptyFile();
  }

  /** The one in the place of another listens, too: a new one, and one that was a spare. */
  @Test
  void debugWorkers_workerKilled_itsSuccessorListens() throws Exception {
    for (int spares = 0; spares <= 1; spares++) {
      try (Pool pool = Pool.open(
          Faults.options("debug").workers(1).spares(spares).debugWorkers(true).build())) {
        int all = spares;
        Faults.awaitLong("spares").until(() -> pool.statistics().readySpares() == all);
        long pid = valueOf(pool.submit(Faults::pid));
        Faults.signal("KILL", pid);
        assertThat(valueOf(pool.submit(Faults::pid))).isNotEqualTo(pid);
        WorkerSnapshot next = pool.snapshot().workers().get(0);
        assertThat(next.pid()).isNotEqualTo(pid);
        assertAnswers(next.debugPort());
      }
    }
  }

  /** One that is held, for longer than it may be silent, is not killed; others run what was meant for it. */
  @Test
  void debugWorkers_heldByDebugger_goesOnLater() throws Exception {
    try (Pool pool =
        Pool.open(Faults.options("debug").workers(2).debugWorkers(true).build())) {
      Faults.awaitFull(pool);
      WorkerSnapshot held = pool.snapshot().workers().get(0);
      VirtualMachine machine = attach(held.debugPort());
      try {
        assertThat(machine.allThreads())
            .extracting(Object::toString)
            .anyMatch(thread -> thread.contains("procpool-task"));
        machine.suspend();
        List<AsyncResult<Long>> results = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          results.add(pool.submit(Faults::pid));
        }
        for (AsyncResult<Long> result : results) {
          assertThat(valueOf(result)).isNotEqualTo(held.pid());
        }
        assertThat(Faults.isAlive(held.pid())).isTrue();
      } finally {
        machine.resume();
        machine.dispose();
      }
      Faults.awaitLong("its next task")
          .until(() -> valueOf(pool.submit(() -> {
                TimeUnit.MILLISECONDS.sleep(1);
                return Faults.pid();
              }))
              == held.pid());
      assertThat(pool.statistics().crashedWorkers()).isZero();
    }
  }

  /** Off, nobody listens. */
  @Test
  void debugWorkers_off_noPort() throws Exception {
    try (Pool pool = Pool.open(Faults.options("debug").workers(1).build())) {
      valueOf(pool.submit(() -> 1));
      assertThat(ports(pool)).isEmpty();
      assertThat(pool.snapshot().toString()).doesNotContain("debug -1");
    }
  }

  private static List<Integer> ports(Pool pool) {
    return pool.snapshot().workers().stream()
        .map(WorkerSnapshot::debugPort)
        .filter(port -> port > 0)
        .toList();
  }

  private static void assertAnswers(int port) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) LONG.toMillis());
      socket.setSoTimeout((int) LONG.toMillis());
      socket.getOutputStream().write(HANDSHAKE);
      assertThat(socket.getInputStream().readNBytes(HANDSHAKE.length)).isEqualTo(HANDSHAKE);
    }
  }

  private static VirtualMachine attach(int port) throws Exception {
    AttachingConnector connector = Bootstrap.virtualMachineManager().attachingConnectors().stream()
        .filter(one -> one.name().equals("com.sun.jdi.SocketAttach"))
        .findFirst()
        .orElseThrow();
    Map<String, Connector.Argument> arguments = connector.defaultArguments();
    arguments.get("hostname").setValue("127.0.0.1");
    arguments.get("port").setValue(Integer.toString(port));
    return connector.attach(arguments);
  }
}
