// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/**
 * An element was added to a {@link ManagedSet}, or removed. Immutable, as far as the element is.
 *
 * @param isThere whether it is in the set now
 */
public record SetChange<E>(E element, boolean isThere) {}
