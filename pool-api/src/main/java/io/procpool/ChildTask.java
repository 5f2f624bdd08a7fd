// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;

/** What a {@link ChildProcess} does. It may throw anything. */
@FunctionalInterface
public interface ChildTask extends Serializable {
  /** Does it, in the child. */
  void run() throws Exception;
}
