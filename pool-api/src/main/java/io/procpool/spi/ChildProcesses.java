// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.ChildTask;
import io.procpool.ParentProcess;
import io.procpool.ProcessIdentity;
import io.procpool.SpareOptions;
import io.procpool.WarmSpares;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/** Where child processes come from; found with {@link ServiceLoader}. Implementations are safe for use by multiple threads. */
public interface ChildProcesses {
  /** Starts a child, as {@link ChildProcess#start(ChildOptions, ChildTask)} says. */
  ChildProcess start(ChildOptions options, ChildTask task);

  /** Returns the living children in the order of their start. */
  List<ChildProcess> active();

  /** Tells who this process is. */
  ProcessIdentity current();

  /** Returns who has started this process. */
  Optional<ParentProcess> parent();

  /** Keeps spares, as {@link WarmSpares#keep(SpareOptions)} says. */
  WarmSpares keepSpares(SpareOptions options);

  /** Returns the implementation of this process. */
  static ChildProcesses installed() {
    return Installed.CHILDREN;
  }

  /** Finds it when it is first asked for. */
  final class Installed {
    private static final ChildProcesses CHILDREN = find();

    private Installed() {}

    private static ChildProcesses find() {
      Iterator<ChildProcesses> found = ServiceLoader.load(
              ChildProcesses.class, ChildProcesses.class.getClassLoader())
          .iterator();
      if (!found.hasNext()) {
        throw new IllegalStateException(
            "no child processes are on the class path; add the artifact io.procpool:procpool-master");
      }
      return found.next();
    }
  }
}
