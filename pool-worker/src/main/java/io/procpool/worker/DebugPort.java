// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import java.util.Properties;

/** Finds out where this JVM listens for a debugger. */
final class DebugPort {
  private DebugPort() {}

  /**
   * Returns the port that the agent has noted in the JVM's agent properties, before {@code main}. Attaching from outside shows the same, but takes a second process.
   *
   * @throws IllegalStateException if there is none
   */
  static int find() {
    try {
      Properties properties = (Properties) Class.forName("jdk.internal.vm.VMSupport")
          .getMethod("getAgentProperties")
          .invoke(null);
      String address = properties.getProperty("sun.jdwp.listenerAddress", "");
      return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    } catch (ReflectiveOperationException | NumberFormatException unknown) {
      throw new IllegalStateException(
          "this JVM does not tell where it listens for a debugger", unknown);
    }
  }
}
