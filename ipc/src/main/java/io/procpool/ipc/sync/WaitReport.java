// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import io.procpool.ipc.memory.ProcessTable;
import io.procpool.ipc.memory.Session;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the threads of one process wait for, in a file of the session; written by the watcher of the process only. */
final class WaitReport {
  /*
   * One file for each process that has had long waits, replaced as a whole, so that who reads it sees one state. It follows
   * the waits by some SLICEs, and is not there if there are none. A wait for a busy lock, whose holder changes all the time, is
   * not worth writing down, nor one for something that nobody holds. If it cannot be written, because memory is full, the next
   * round tries again.
   */
  private static final String PREFIX = "waits-";
  private static final int MAGIC = 0x70727731; // "prw1"
  private static final int MOST_FRAMES = 64;
  private static final String WORKER_CLASSES = "io\\.procpool\\.(ipc\\.FunctionKind|worker\\..*)";
  private static final String OWN_PACKAGE = WaitReport.class.getPackageName() + ".";

  private final Map<Waiting, Known> known = new HashMap<>();
  private boolean changed;

  /** What is known of a wait: its holders at the last look, and what was written down since they are the same. */
  private static final class Known {
    private long[] holders;
    private @Nullable Entry entry;

    Known(long[] holders) {
      this.holders = holders;
    }
  }

  /**
   * A thread that waits.
   *
   * @param id its id
   * @param pid its process
   * @param thread its name
   * @param what what it waits for
   * @param sinceMillis since when
   * @param holders ids of the threads that hold that
   * @param stack where it waits
   */
  record Entry(
      long id,
      long pid,
      String thread,
      String what,
      long sinceMillis,
      List<Long> holders,
      List<String> stack) {
    Instant since() {
      return Instant.ofEpochMilli(sinceMillis);
    }
  }

  /** Writes down who has been waiting for the same holders since the last time, if that has changed. */
  void write(List<Waiting> waiting) {
    changed |= known.keySet().retainAll(waiting);
    List<Entry> now = new ArrayList<>();
    for (Waiting each : waiting) {
      Entry entry = entry(each);
      if (entry != null) {
        now.add(entry);
      }
    }
    if (changed) {
      File directory = new File(Session.current().path());
      File file =
          new File(directory, PREFIX + Integer.toHexString(Actor.processes().ownNumber()));
      changed = now.isEmpty() ? file.exists() && !file.delete() : !replace(file, now);
    }
  }

  private @Nullable Entry entry(Waiting each) {
    long[] holders = each.holders();
    Known before = known.get(each);
    if (before == null) {
      known.put(each, new Known(holders));
      return null;
    }
    if (!Arrays.equals(holders, before.holders)) {
      before.holders = holders;
      changed |= before.entry != null;
      before.entry = null;
    } else if (before.entry == null && holders.length > 0) {
      before.entry = describe(each, holders);
      changed = true;
    }
    return before.entry;
  }

  private static Entry describe(Waiting each, long[] holders) {
    return new Entry(
        each.id(),
        ProcessHandle.current().pid(),
        each.thread().getName(),
        each.what(),
        each.since().toEpochMilli(),
        Arrays.stream(holders).boxed().toList(),
        stack(each.thread()));
  }

  private static List<String> stack(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .dropWhile(frame -> !frame.getClassName().startsWith(OWN_PACKAGE)) // how it sleeps
        .dropWhile(frame -> frame.getClassName().startsWith(OWN_PACKAGE))
        .takeWhile(frame -> !frame.getClassName().matches(WORKER_CLASSES))
        .limit(MOST_FRAMES)
        .map(WaitReport::describe)
        .toList();
  }

  private static String describe(StackTraceElement frame) {
    String line = frame.getLineNumber() < 0 ? "" : ":" + frame.getLineNumber();
    return frame.getClassName() + "." + frame.getMethodName() + "("
        + (frame.getFileName() == null ? "Unknown Source" : frame.getFileName() + line) + ")";
  }

  private static boolean replace(File file, List<Entry> entries) {
    File next = new File(file.getPath() + ".new");
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(new FileOutputStream(next)))) {
      out.writeInt(MAGIC);
      out.writeInt(Actor.processes().ownNumber());
      out.writeInt(entries.size());
      for (Entry entry : entries) {
        write(out, entry);
      }
    } catch (IOException full) {
      next.delete();
      return false;
    }
    return next.renameTo(file);
  }

  private static void write(DataOutputStream out, Entry entry) throws IOException {
    out.writeLong(entry.id());
    out.writeLong(entry.pid());
    out.writeUTF(entry.thread());
    out.writeUTF(entry.what());
    out.writeLong(entry.sinceMillis());
    out.writeInt(entry.holders().size());
    for (long holder : entry.holders()) {
      out.writeLong(holder);
    }
    out.writeInt(entry.stack().size());
    for (String frame : entry.stack()) {
      out.writeUTF(frame);
    }
  }

  /** Reads what all living processes of a session have written. */
  static List<Entry> readAll(File directory, ProcessTable processes) {
    List<Entry> all = new ArrayList<>();
    String[] names =
        directory.list((place, name) -> name.startsWith(PREFIX) && !name.endsWith(".new"));
    for (String name : Objects.requireNonNullElse(names, new String[0])) {
      try (DataInputStream in = new DataInputStream(
          new BufferedInputStream(new FileInputStream(new File(directory, name))))) {
        all.addAll(read(in, processes));
      } catch (IOException gone) {
        // Nobody waits there any more.
      }
    }
    return all;
  }

  private static List<Entry> read(DataInputStream in, ProcessTable processes) throws IOException {
    List<Entry> entries = new ArrayList<>();
    if (in.readInt() == MAGIC && processes.isAlive(in.readInt())) {
      int count = in.readInt();
      for (int i = 0; i < count; i++) {
        entries.add(readEntry(in));
      }
    }
    return entries;
  }

  private static Entry readEntry(DataInputStream in) throws IOException {
    long id = in.readLong();
    long pid = in.readLong();
    String thread = in.readUTF();
    String what = in.readUTF();
    long since = in.readLong();
    List<Long> holders = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      holders.add(in.readLong());
    }
    List<String> stack = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      stack.add(in.readUTF());
    }
    return new Entry(id, pid, thread, what, since, holders, stack);
  }
}
