// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import org.jspecify.annotations.Nullable;

/**
 * A {@link ManagedValue} or a {@link ManagedLong} has another value. Immutable, as far as the values are.
 *
 * @param before what it was
 * @param after what it is
 */
public record ValueChange<T extends @Nullable Object>(T before, T after) {}
