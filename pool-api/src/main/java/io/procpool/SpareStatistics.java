// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * How {@link WarmSpares} fare, at one moment. Immutable; safe for use by multiple threads.
 *
 * @param starting spares that are being started
 * @param ready spares that can be adopted
 * @param spawned how many have been started in all
 * @param adopted how many a child or worker has taken
 * @param expired how many were ended because nobody took them in time
 * @param outdated how many were ended because the class path had changed
 * @param died how many have ended by themselves, or could not be started
 */
public record SpareStatistics(
    int starting, int ready, long spawned, long adopted, long expired, long outdated, long died) {}
