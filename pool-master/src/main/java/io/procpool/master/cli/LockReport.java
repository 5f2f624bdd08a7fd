// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.ipc.SessionDirectory;
import io.procpool.ipc.sync.Deadlocks;
import io.procpool.sync.Deadlock;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names the deadlocks in other programs of this user. */
final class LockReport {
  private final Console console;
  private final boolean json;

  LockReport(Console console, boolean json) {
    this.console = console;
    this.json = json;
  }

  /** Looks, and says what was found; returns the exit status. */
  int call() throws CommandException {
    List<File> sessions;
    try {
      sessions = SessionDirectory.others();
    } catch (IOException e) {
      throw CommandException.failed("sessions: " + Texts.failure(e), e);
    }
    List<Deadlock> found = new ArrayList<>();
    for (File session : sessions) {
      found.addAll(Deadlocks.ofSession(session));
    }
    for (Deadlock deadlock : found) {
      console
          .out()
          .append(json ? Json.line(object(deadlock)) : deadlock.toString())
          .append('\n');
    }
    if (found.isEmpty() && !json) {
      console.out().append("no deadlock\n");
    }
    return found.isEmpty() ? ExitStatus.DONE : ExitStatus.SOME_FAILED;
  }

  private static Map<String, @Nullable Object> object(Deadlock deadlock) {
    List<Object> cycle = new ArrayList<>();
    for (Deadlock.Waiting each : deadlock.cycle()) {
      cycle.add(Json.object(
          "pid", each.pid(),
          "thread", each.thread(),
          "waitsFor", each.waitsFor(),
          "since", each.since().toString(),
          "stack", each.stack()));
    }
    return Json.object("cycle", cycle);
  }
}
