// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test of the contract of {@link Pool}: runs once for each number of workers, or in the short form for one of them, on the backend that {@link Backend} names.
 * The method may take a {@link Pool}, which is opened for it unless an earlier test has left one that is as good as new, and a {@link PoolContext}. Afterwards {@link PoolExtension}
 * checks that nothing was left behind.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(PoolExtension.class)
public @interface PoolTest {
  /** The numbers of workers. */
  int[] workers() default {2};

  /** Whether the pool is to be a new one, for a test that looks at what the pool has counted; else it may have served other tests before. */
  boolean fresh() default false;

  /** Backends that cannot keep this promise; their cells are reported as skipped. */
  String[] except() default {};

  /** Why they cannot. */
  String because() default "";
}
