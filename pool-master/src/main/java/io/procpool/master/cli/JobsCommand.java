// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.job.Job;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pool-master jobs}: what a jar offers. */
@Command(
    name = "jobs",
    header = "Lists the jobs that a job jar offers: name, tab, description.",
    customSynopsis = "pool-master jobs JOB.jar [--json]",
    description = "",
    sortOptions = false)
final class JobsCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "JOB.jar", description = "The job jar.")
  Path jar = Path.of("");

  @Option(names = "--json", description = "Print one JSON object a line: name, description, class.")
  boolean json;

  @Mixin
  ReportFlags reportFlags = new ReportFlags();

  private final Console console;

  JobsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws CommandException {
    int[] status = {ExitStatus.DONE};
    try (JobJar jobJar = JobJar.open(jar);
        Console.Diversion ignored = console.divertSystemOut();
        Interruption loading = Interruption.ofLoading(console, String.valueOf(jar))) {
      List<JobJar.Found> jobs = jobJar.jobs(problem -> {
        console.remark(problem.getMessage());
        status[0] = problem.status();
      });
      for (JobJar.Found found : jobs) {
        Job<?, ?> job = found.job();
        console.out().append(line(job.name(), job.description(), found.type())).append('\n');
      }
    }
    return status[0];
  }

  private String line(String name, @Nullable String description, Class<?> type) {
    return json
        ? Json.line(Json.object("name", name, "description", description, "class", type.getName()))
        : name + "\t" + (description == null ? "" : Texts.blanks(description));
  }
}
