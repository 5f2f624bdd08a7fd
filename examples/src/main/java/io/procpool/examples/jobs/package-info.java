// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * The jobs of the example job jar, for {@code pool-master run examples.jar --job NAME -- ARGUMENTS}. Start at
 * {@link io.procpool.examples.jobs.Primes}, the shortest; {@link io.procpool.examples.jobs.Misbehave} shows what workers
 * survive.
 */
@NullMarked
package io.procpool.examples.jobs;

import org.jspecify.annotations.NullMarked;
