// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;

/** A value whose decoding fails, in whichever process it is tried. */
final class Undecodable implements Serializable {
  private static final long serialVersionUID = 1;

  private void readObject(ObjectInputStream in) throws IOException {
    throw new InvalidObjectException("made to be undecodable");
  }

  @Override
  public String toString() {
    return Harm.UNDECODABLE.word();
  }
}
