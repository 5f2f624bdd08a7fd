// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test of the contract of {@link Pool}: runs once for each number of workers, on the backend that {@link Backend} names.
 * The method may take a {@link Pool}, which is opened for it, and a {@link PoolContext}. Afterwards {@link PoolExtension}
 * checks that nothing was left behind.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(PoolExtension.class)
public @interface PoolTest {
  /** The numbers of workers. */
  int[] workers() default {2};

  /** Backends that cannot keep this promise; their cells are reported as skipped. */
  String[] except() default {};

  /** Why they cannot. */
  String because() default "";
}
