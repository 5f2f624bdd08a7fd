// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks workers what their threads do. */
final class ThreadDumps {
  private ThreadDumps() {}

  /** What one worker has been asked. */
  record Question(String worker, long pid, CompletableFuture<String> answer) {}

  /** Asks workers; one that has not answered yet is not asked again. Event loop only. */
  static List<Question> ask(Collection<Worker> workers) {
    List<Question> questions = new ArrayList<>();
    for (Worker worker : workers) {
      CompletableFuture<String> answer = worker.threadDump;
      if (answer == null) {
        answer = new CompletableFuture<>();
        if (worker.link == null) {
          answer.complete("it has not connected yet");
        } else {
          worker.threadDump = answer;
          worker.link.showThreads();
          worker.link.flush();
        }
      }
      questions.add(new Question(worker.name, worker.pid, answer));
    }
    return questions;
  }

  /** Takes an answer. Event loop only. */
  static void answered(Worker worker, ByteBuffer text) {
    end(worker, StandardCharsets.UTF_8.decode(text).toString());
  }

  /** The worker has ended. Event loop only. */
  static void gone(Worker worker) {
    end(worker, "its process has ended");
  }

  private static void end(Worker worker, String text) {
    CompletableFuture<String> answer = worker.threadDump;
    if (answer != null) {
      worker.threadDump = null;
      answer.complete(text);
    }
  }

  /** Waits for answers until a time is over. In the thread of who wants them. */
  static Map<String, String> await(List<Question> questions, Duration timeout)
      throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    Map<String, String> texts = new LinkedHashMap<>();
    for (Question question : questions) {
      String text;
      try {
        text = question
            .answer
            .copy()
            .get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException silent) {
        text = "no answer within " + CrashMessages.seconds(timeout) + ": " + state(question.pid);
      } catch (ExecutionException impossible) {
        throw new IllegalStateException(impossible);
      }
      texts.put(question.worker, text);
    }
    return texts;
  }

  /** Tells, for a message, why a process may not answer. */
  static String state(long pid) {
    String process = "process " + pid + " ";
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      char state = stat.charAt(stat.lastIndexOf(')') + 2);
      return switch (state) {
        case 'T', 't' -> process + "is stopped, by a signal or a debugger";
        case 'D' -> process + "waits in the kernel";
        case 'Z', 'X' -> process + "has ended";
        default ->
          process
              + "runs; it may be short of memory or of CPU, or wait for a thread that cannot be stopped";
      };
    } catch (IOException goneOrNotLinux) {
      return process + "does not tell why";
    }
  }
}
