// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import org.jspecify.annotations.Nullable;

/**
 * A key of a {@link ManagedMap} has another value. Immutable, as far as key and values are.
 *
 * @param wasThere whether the key had a value before
 * @param before that value; null if it had none
 * @param isThere whether it has one now
 * @param after that value; null if it has none
 */
public record MapChange<K, V>(
    K key,
    boolean wasThere,
    @Nullable V before,
    boolean isThere,
    @Nullable V after) {}
