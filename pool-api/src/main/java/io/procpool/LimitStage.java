// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** How a task ended that was over a limit of time. */
public enum LimitStage {
  /** It was interrupted and ended with an exception, within {@link TaskOptions#timeoutGrace}; its worker lives on. */
  INTERRUPTED,
  /** Its worker was killed: at once if there is no grace, otherwise because the task went on. */
  KILLED
}
