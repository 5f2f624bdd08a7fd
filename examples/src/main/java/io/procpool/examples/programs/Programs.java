// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.spi.PoolBackend;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Lists the programs, and runs one by its id:
 *
 * <pre>{@code
 * Programs                                 what there is
 * Programs F04                             on worker processes
 * Programs F04 --backend threads           the same program on threads
 * Programs F04 --second 100                what stands for a second in the program takes 100 ms
 * }</pre>
 *
 * <p>After {@code mvn -DskipTests package}, from the root of the repository, {@code Programs} above is
 *
 * <pre>{@code
 * java -cp pool-master/target/pool-master.jar:examples/target/examples.jar io.procpool.examples.programs.Programs
 * }</pre>
 *
 * <p>Exits with 2 and one line on standard error if an argument is not understood. Safe for use by multiple threads.
 */
public final class Programs {
  private static final String USAGE = "usage: Programs [ID [--backend NAME] [--second MILLIS]]";

  private static final List<Program> ALL = List.of(
      new Program("P01", "a child that prints a greeting", HelloChild::run),
      new Program("P02", "parent and child say who they are", ParentAndChild::run),
      new Program("P03", "several children, all joined", SeveralChildren::run),
      new Program("P04", "a child puts a list on a queue", QueueFromChild::run),
      new Program("P05", "a child takes what was put before it was there", QueueToChild::run),
      new Program("P06", "a child sends a list through a pipe and closes it", PipeFromChild::run),
      new Program("P07", "a pipe both ways: a greeting and an answer", PipeBothWays::run),
      new Program("P08", "a writer, and a reader that is terminated", WriterAndReader::run),
      new Program(
          "P09", "the same work as 50 threads and as 50 processes", ThreadsAgainstProcesses::run),
      new Program(
          "P10", "which process runs a task, for threads and for processes", WhoRunsIt::run),
      new Program("Q01", "a queue for two: full and empty", FullAndEmpty::run),
      new Program("Q02", "queues: the last first, and the lowest first", LastAndLowest::run),
      new Program("Q03", "a producer that waits until all is done", ProducerWaits::run),
      new Program("Q04", "producer and consumer at random speeds", RandomSpeeds::run),
      new Program("S01", "a number and an array that two children change", SharedNumbers::run),
      new Program("S02", "ten children and a manager's dict and list", DictAndList::run),
      new Program("S03", "ten children store their process ids in a manager", ChildrenSignIn::run),
      new Program("S04", "two children and each type of a manager", EveryType::run),
      new Program("S05", "ten children print whole lines under a lock", WholeLines::run),
      new Program("S06", "lost updates, and two ways to lose none", LostUpdates::run),
      new Program("S07", "a bank balance under a lock", BankBalance::run),
      new Program("S08", "a worker that is a program of its own", DistributedSquares::run),
      new Program("Y01", "a lock that its owner acquires twice", LockTwice::run),
      new Program("Y02", "a bounded semaphore lets five in at a time", FiveAtATime::run),
      new Program(
          "Y03", "a semaphore and a hundred processes against a pool", SemaphoreAgainstPool::run),
      new Program("Y04", "an event as a traffic light", TrafficLight::run),
      new Program("Y05", "an event as a door that closes by itself", ClosingDoor::run),
      new Program("Y06", "an event that is waited for with a timeout", DatabaseCheck::run),
      new Program("Y07", "a condition: some go on, then the rest", NotifySome::run),
      new Program("Y08", "a barrier, passed and aborted", MeetingPoint::run),
      new Program("Y09", "a timer, and one that is cancelled", Timers::run),
      new Program("Y10", "philosophers: a deadlock found, and avoided", Philosophers::run),
      new Program("F01", "apply: one after the other", ApplyInTurn::run),
      new Program("F02", "applyAsync, shutdown, awaitTermination", SubmitThenWait::run),
      new Program("F03", "results kept in a list and read at the end", CollectResults::run),
      new Program("F04", "applyAsync with a callback", Callbacks::run),
      new Program("F05", "the default number of workers", DefaultSize::run),
      new Program("F06", "an initializer with arguments", Initializers::run),
      new Program("F07", "the states of a result", ResultStates::run),
      new Program("F08", "terminate while tasks run", Terminate::run),
      new Program("F09", "threads and processes behind one interface", OneInterface::run),
      new Program("F10", "five tasks that print", FiveTasks::run),
      new Program(
          "N01",
          "a server with a thread for each connection, and with a pool",
          UpperCaseServer::run),
      new Program("N02", "who is alive, of threads and of children", NamesAndLiveness::run),
      new Program("N03", "a daemon child and a normal one", DaemonChild::run),
      new Program("N04", "data that each worker keeps for itself", OwnData::run));

  private static final Set<String> NOT_INLINE = Set.of(
      "Q03", "Q04", "S01", "S05", "S06", "S07", "Y01", "Y02", "Y04", "Y05", "Y06", "Y07", "Y08",
      "Y10", "F07", "F08", "F09");

  private Programs() {}

  private interface Body {
    Object run(ProgramSettings settings) throws Exception;
  }

  private record Program(String id, String title, Body body) {}

  /** Does what the class comment says. */
  public static void main(String[] args) throws Exception {
    if (args.length == 0) {
      list(System.out);
      return;
    }
    Program program;
    ProgramSettings settings;
    try {
      program = named(args[0]);
      settings = settings(List.of(args).subList(1, args.length));
      if (NOT_INLINE.contains(program.id())) {
        settings.notInline();
      }
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    program.body().run(settings);
  }

  private static void list(PrintStream out) {
    for (Program program : ALL) {
      out.println(program.id() + "  " + program.title());
    }
    out.println(USAGE);
  }

  private static Program named(String id) {
    Optional<Program> found =
        ALL.stream().filter(p -> p.id().equalsIgnoreCase(id)).findFirst();
    return found.orElseThrow(() -> new IllegalArgumentException("\"" + id + "\" (expected one of "
        + ALL.stream().map(Program::id).toList() + "; " + USAGE + ")"));
  }

  /** Reads what stands behind a program's id. */
  static ProgramSettings settings(List<String> options) {
    ProgramSettings settings = ProgramSettings.defaults();
    for (int i = 0; i < options.size(); i += 2) {
      String option = options.get(i);
      if (!option.equals("--backend") && !option.equals("--second")) {
        throw new IllegalArgumentException("\"" + option + "\" (" + USAGE + ")");
      }
      if (i + 1 == options.size()) {
        throw new IllegalArgumentException(option + " has no value (" + USAGE + ")");
      }
      String value = options.get(i + 1);
      settings = option.equals("--backend")
          ? settings.withBackend(PoolBackend.named(value).name())
          : settings.withSecond(Duration.ofMillis(millis(value)));
    }
    return settings;
  }

  private static long millis(String text) {
    try {
      int millis = Integer.parseInt(text);
      if (millis > 0) {
        return millis;
      }
    } catch (NumberFormatException e) {
      // The message below says it.
    }
    throw new IllegalArgumentException(
        "--second: \"" + text + "\" (expected: milliseconds, 1 or more)");
  }
}
