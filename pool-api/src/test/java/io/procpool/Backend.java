// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names the backend that the contract tests of a class, and of the classes nested in it, run on. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
public @interface Backend {
  /** The backend's name, as in {@link PoolOptions#backend()}. Where it is not on the class path, all cells are skipped. */
  String value();
}
