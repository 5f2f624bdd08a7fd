// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * What a program compiles against: the pool, its options, its results and its failures.
 *
 * <p>Start at {@link io.procpool.Pool}. Tasks are {@link io.procpool.Task} and its relatives with arguments; results are
 * {@link io.procpool.AsyncResult}; everything that can go wrong outside the task itself is a
 * {@link io.procpool.InfrastructureException}. The implementation is found with {@link java.util.ServiceLoader}.
 */
@NullMarked
package io.procpool;

import org.jspecify.annotations.NullMarked;
