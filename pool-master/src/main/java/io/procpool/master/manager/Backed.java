// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

/** An object of ours that has what it holds in a list or a map of the JDK. */
interface Backed {
  /** Returns that list or map. What is done with it is done with the object. */
  Object backing();
}
