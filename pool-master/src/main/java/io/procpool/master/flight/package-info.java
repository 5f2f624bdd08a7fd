// Licensed under the Apache License, Version 2.0; see LICENSE.
/**
 * Events for JDK Flight Recorder. {@link io.procpool.master.flight.Flight} is what the engines tell; the events themselves are loaded only while somebody records, and never in a
 * JVM without the module {@code jdk.jfr}.
 */
@NullMarked
package io.procpool.master.flight;

import org.jspecify.annotations.NullMarked;
