// Licensed under the Apache License, Version 2.0; see LICENSE.
/** Tests of the example jobs, each run by {@link io.procpool.examples.jobs.JobRun} as the command would run it. */
@NullMarked
package io.procpool.examples.jobs;

import org.jspecify.annotations.NullMarked;
