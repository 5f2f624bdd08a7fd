// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import java.io.Serializable;

/** Something without a value that a party does. */
@FunctionalInterface
public interface Action extends Serializable {
  /** Does it. */
  void run() throws Exception;
}
