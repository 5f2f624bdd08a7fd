// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

/** What a spare does before it is told what to be: whatever loads the classes that it will need then. */
final class Preparation {
  private Preparation() {}

  static void run() {}
}
