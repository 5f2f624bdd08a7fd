// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

/** Numbers the objects of users' types. For the event loop alone. */
interface Instances {
  /** For objects that never return such: those of the JDK. */
  Instances NONE = new Instances() {
    @Override
    public void made(Object object) {}

    @Override
    public long numberOf(Reference reference) {
      throw new IllegalStateException("not an object of a user's type");
    }
  };

  /** Says that the object to which this belongs was made. */
  void made(Object object);

  /** Returns the number of an object that was returned, which is given one if it has none. */
  long numberOf(Reference reference);
}
