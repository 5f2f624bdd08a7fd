// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import picocli.CommandLine.Option;

/** The flags of every sub-command that say how it reports. */
final class ReportFlags {
  @Option(
      names = "--trace",
      description =
          "Print the stack trace of what went wrong; of each failed input the one of its worker.")
  boolean trace;
}
