// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Small programs, each about one thing that Python's {@code multiprocessing} and {@code concurrent.futures} are taught
 * with, as a Java programmer would write it. {@link io.procpool.examples.programs.Programs} lists and runs them; a good
 * first one to read is {@link io.procpool.examples.programs.Callbacks}. Each has a static method {@code run} that returns
 * what was seen.
 */
@NullMarked
package io.procpool.examples.programs;

import org.jspecify.annotations.NullMarked;
