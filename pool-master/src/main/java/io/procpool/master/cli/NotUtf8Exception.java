// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.nio.charset.CharacterCodingException;

/** A line of the input is not text in UTF-8. */
final class NotUtf8Exception extends CharacterCodingException {
  private static final long serialVersionUID = 1;

  @Override
  public String getMessage() {
    return "not UTF-8; convert the input, as with iconv -f LATIN1 -t UTF-8";
  }
}
