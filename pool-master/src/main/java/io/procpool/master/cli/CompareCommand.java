// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(name = "compare")
final class CompareCommand implements Callable<Integer> {
  CompareCommand(Console console, List<String> jobArguments, String[] all) {}

  @Override
  public Integer call() throws CommandException {
    return 0;
  }
}
