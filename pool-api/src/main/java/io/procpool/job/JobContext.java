// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.job;

import java.io.PrintStream;
import java.util.List;

/** What the command gives to a job in the master. Not safe for use by multiple threads. */
public interface JobContext {
  /** Returns the arguments after {@code --} on the command line; unmodifiable. */
  List<String> arguments();

  /** Returns where results go: the command's standard output. */
  PrintStream out();

  /** Returns where remarks go: the command's standard error. */
  PrintStream err();
}
